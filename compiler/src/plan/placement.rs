//! Where rows are, of several devices.

/// Where the rows of a build side are, of several devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Where it costs least.
    Any,
    /// All on every device.
    Everywhere,
    /// Each on one.
    SharedOut,
}
