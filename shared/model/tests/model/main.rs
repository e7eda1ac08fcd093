//! The packs of this repository, the checker and the rules, tried as station and centre use them.

mod data;
