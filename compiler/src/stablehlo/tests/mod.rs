//! Programs built of every operation, run on the CPU plugin.

mod text;
