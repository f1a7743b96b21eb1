//! Random programs and random data, judged by DuckDB.
//!
//! A program is a tree (`program`, `expr`) that prints to DJ (`print_dj`) and to DuckDB (`print_sql`), so that it can lose parts
//! (`shrink`) while it still fails. It is made from a seed (`generate`) over tables with columns of every type (`schema`), compiled
//! once, and run on ten choices of rows (`data`): none, one, many, in one file or several, within the statistics that it was
//! compiled for or beyond. It is compiled a second time in another configuration, which must give the same (`tester`).
//! `cargo run -p dj-tests --bin random` does so for many seeds (`batch`).
//!
//! The generator knows what values can be (`expr::Known`), so that nothing goes out of its type's range but on purpose, where DuckDB
//! must fail as well (`generate/daring.rs`), and no condition hangs on how an engine rounds; where DuckDB means something else by
//! the same words, the query says what DJ means.

pub mod batch;
mod data;
mod expr;
mod fewer;
mod files;
mod generate;
mod judge;
mod print_dj;
mod print_sql;
mod program;
mod report;
mod rng;
mod schema;
mod shrink;
pub mod tester;
mod types;
pub mod worker;
