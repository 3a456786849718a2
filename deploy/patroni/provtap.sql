-- The database and its administrator: for a superuser on the primary, once. `provtap init` creates the rest.
CREATE ROLE admin LOGIN CREATEROLE CREATEDB PASSWORD 'ADMIN-PASSWORD';
CREATE DATABASE provtap OWNER admin;
