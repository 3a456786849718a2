"""ProvTAP as a service of systemd. `provtap systemd` prints these files with the paths of a machine."""
