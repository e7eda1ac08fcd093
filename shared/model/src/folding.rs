//! The search key of a name: what two spellings of one name have in common.
//!
//! In: a name as typed. Out: a key for search and for comparing, in plain Arabic or lower-case Latin letters.
//! Never: overwrites the source, and is never shown: two different names may share a key.
