//! Whether every device has all rows of a build side, or each a share of them.
//!
//! Rows that all devices have are sent once, and found without asking anyone. Shared out they take a part of the memory, but every
//! row of the other side asks for its matches ([decision 27]).
//!
//! [decision 27]: ../../../docs/decisions/0027-joins-ask-for-shared-rows.md

use super::Exchange;
use super::choose::{Choice, Forced};
use crate::encode::SchemaColumn;
use crate::plan::Placement;
use crate::strategy::{BuildKeys, Merge, Sink};

/// A build side that takes no more bytes than this is on every device.
const FEW: u64 = 16 << 20;

/// One that takes more is on none as a whole: there may be several, beside what a program keeps of its rows.
const MANY: u64 = 512 << 20;

/// To put questions together and answers where they belong takes as long as to send so many bytes.
const ASKING: u64 = 64;

/// A build side, as far as it is known where its rows should be.
pub(super) struct BuildRows<'a> {
    pub(super) devices: usize,
    /// What the program says.
    pub(super) wanted: Placement,
    pub(super) forced: &'a Forced,
    /// The columns of its rows.
    pub(super) columns: &'a [SchemaColumn],
    /// Whether null keys match.
    pub(super) nulls_equal: bool,
    /// How many rows it has, and how many look for matches.
    pub(super) rows: Option<u64>,
    pub(super) asking: Option<u64>,
}

impl BuildRows<'_> {
    /// How rows move, and the strategy by which they are kept: another one where those of the first cannot be shared out.
    pub(super) fn choose(&self, sink: Sink) -> (Exchange, Sink) {
        if self.devices == 1 {
            return (Exchange::None, sink);
        }
        let build = sink.strategy().build();
        let build = build.unwrap_or_else(|| panic!("(P5) a join builds {sink:?}"));
        if !self.should_share(build.keys()) {
            return (Exchange::Broadcast, sink);
        }
        if build.shares() {
            return (Exchange::Share, sink);
        }
        if let Sink::Lookup(lookup) = sink {
            return (Exchange::Share, Sink::Merge(Merge { keys: lookup.keys, nulls_equal: self.nulls_equal }));
        }
        // Without a key that must be equal any row may match any other.
        (Exchange::Broadcast, sink)
    }

    fn should_share(&self, keys: &BuildKeys) -> bool {
        match self.wanted {
            Placement::Everywhere => return false,
            Placement::SharedOut => return true,
            Placement::Any if self.forced.has(Choice::BuildShare) => return true,
            Placement::Any if self.forced.has(Choice::BuildBroadcast) => return false,
            Placement::Any => {}
        }
        // Files that tell no number of rows, such as pipes, are taken to be small.
        let Some(rows) = self.rows else { return false };
        let keys: u64 = keys.exprs.iter().map(|key| key.ty.element().bytes() as u64).sum();
        let columns = self.columns.iter().map(|column| column.ty.element().bytes() as u64 + u64::from(column.nullable));
        let row: u64 = columns.sum();
        let whole = rows.saturating_mul(row + keys);
        if whole <= FEW || whole > MANY {
            return whole > MANY;
        }
        let devices = self.devices as u64;
        let asked = self.asking.map(|asking| (asking / devices).saturating_mul(row + keys + ASKING));
        asked.is_some_and(|asked| asked < whole / devices * (devices - 1))
    }
}
