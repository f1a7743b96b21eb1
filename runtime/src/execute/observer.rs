//! Who wants to know what a run does. The library tells an [`Observer`] and prints nothing; what a person sees is the
//! observer's business.

use super::report::RunReport;

/// Is told what a run does, on the thread that runs it. Every method does nothing unless it is written.
///
/// Calls come often ([`Observer::rows`] once for each chunk), so they should return soon.
pub trait Observer: Send + Sync {
    /// The run begins; it reads so many rows, where the inputs tell.
    fn started(&self, rows: Option<u64>) {
        let _ = rows;
    }

    /// A stage begins: what it does, such as `group by origin: dense`.
    fn stage(&self, label: &str) {
        let _ = label;
    }

    /// So many more rows were read.
    fn rows(&self, count: u64) {
        let _ = count;
    }

    /// Something that the user may not expect, in a line.
    fn note(&self, note: &str) {
        let _ = note;
    }

    /// The data is not what the program was compiled for: the run starts again with fewer assumptions.
    fn replaying(&self, reason: &str) {
        let _ = reason;
    }

    /// The run gave its results.
    fn finished(&self, report: &RunReport) {
        let _ = report;
    }
}

/// Wants to know nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
