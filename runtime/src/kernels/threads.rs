//! Work of a kernel on all cores.

use std::num::NonZero;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// Fewer rows than this are done on one thread: starting another takes as long as some thousand rows.
const SHARED_ROWS: usize = 1 << 14;

/// The cores that this process may use.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

/// A part of the work.
pub(super) type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does all jobs, on as many threads as there are jobs and cores: each takes the next one when it is done.
///
/// A thread is started for each call, since starting takes a hundredth of the time that it saves. Where the system has none
/// to give, this one does all. A thread has the float mode of the one that starts it, XLA's.
pub(super) fn share_out(jobs: Vec<Job<'_>>, rows: usize) {
    let helpers = if rows < SHARED_ROWS { 0 } else { jobs.len().min(*CORES).saturating_sub(1) };
    let left = Mutex::new(jobs.into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || std::iter::from_fn(next).for_each(|job| job());
    thread::scope(|scope| {
        let started = (0..helpers).map(|_| thread::Builder::new().spawn_scoped(scope, work));
        let _helpers: Vec<_> = started.take_while(Result::is_ok).collect();
        work();
    });
}
