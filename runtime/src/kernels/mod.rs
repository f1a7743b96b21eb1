//! Native kernels that CPU programs call where XLA is slow: `stablehlo.custom_call` with XLA's typed FFI.
//!
//! A kernel is one file: a safe function and its `ffi::Handler`, which checks the shapes of a call and runs the
//! function. It has a twin in pure StableHLO, which other platforms use and which tests compare it with. In a module:
//!
//! ```mlir
//! %order = "stablehlo.custom_call"(%word, %live) {
//!   call_target_name = "dj.argsort", api_version = 4 : i32, backend_config = {}
//! } : (tensor<1024xui64>, tensor<i32>) -> tensor<1024xi32>
//! ```

mod argsort;
mod boundaries;
mod distribute;
mod ffi;
mod gather;
mod running_sum;
mod runs;
mod scatter_add;
mod select;
mod threads;

#[cfg(test)]
mod tests;

use crate::pjrt::{FfiHandler, PjrtError, Plugin};

/// The kernel that sorts row numbers by key words: `ui64[N]` words, `i32[]` live rows → `i32[N]`.
pub const ARGSORT: &str = "dj.argsort";

/// The kernel that adds columns to slots: `i32[N]` slots, for each column a state, values and a mask → the states.
pub const SCATTER_ADD: &str = "dj.scatter_add";

/// The kernel that takes rows of columns by their places: `i32[M]` places, columns `[N]` → `[M]` each.
pub const GATHER: &str = "dj.gather";

/// The kernel that compares rows with those before: `i32[N]` places, `i32[]` live ones, for each result `ui64[W]`, the bits that
/// count, `ui64[M]` for each word → `i1[N]` each.
pub const BOUNDARIES: &str = "dj.boundaries";

/// The kernel that tells the first row of each row's run: `i1[N]` → `i32[N]`.
pub const RUN_STARTS: &str = "dj.run_starts";

/// The kernel that tells behind the last row of each row's run: `i1[N]`, `i32[]` → `i32[N]`.
pub const RUN_ENDS: &str = "dj.run_ends";

/// The kernel that adds up the values of each row's run up to it: `i1[N]`, `f64[N]` → `f64[N]`.
pub const RUNNING_SUM: &str = "dj.running_sum";

/// The kernel that finds the values next to shares of those of each group: `i32[N]` groups, `f64[N]` values, `i32[]` live rows, `f64[]`
/// shares → `i32[G]` sizes, and `f64[G]` twice for each share.
pub const SELECT: &str = "dj.select";

/// A native kernel: the custom-call target that modules name, and the function behind it.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// The `call_target_name`.
    pub name: &'static str,
    handler: FfiHandler,
}

/// Every kernel of this runtime.
pub const KERNELS: &[Kernel] = &[
    ffi::kernel::<argsort::Argsort>(),
    ffi::kernel::<boundaries::Boundaries>(),
    ffi::kernel::<gather::Gather>(),
    ffi::kernel::<running_sum::RunningSum>(),
    ffi::kernel::<runs::RunStarts>(),
    ffi::kernel::<runs::RunEnds>(),
    ffi::kernel::<scatter_add::ScatterAdd>(),
    ffi::kernel::<select::Select>(),
];

/// Registers every kernel with a plugin; programs that call them compile and load only afterwards. Repeating it does
/// nothing.
pub fn register(plugin: &Plugin) -> Result<(), PjrtError> {
    KERNELS.iter().try_for_each(|kernel| ffi::register(plugin, kernel))
}
