-- The database, the one for answers as of a date, and their administrator: for a superuser on the primary, once.
-- `provtap init` creates the rest.
CREATE ROLE admin LOGIN CREATEROLE PASSWORD 'ADMIN-PASSWORD';
CREATE DATABASE provtap OWNER admin;
CREATE DATABASE provtap_scratch OWNER admin;
