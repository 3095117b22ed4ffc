//! A small broker of our own.
