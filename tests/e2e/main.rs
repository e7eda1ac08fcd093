//! Stories, each through the real station library and a real server over HTTPS.

mod bad_input;
mod capture_faults;
mod many_stations;
mod slow_disk;
mod two_ends;
mod weeks_and_links;
