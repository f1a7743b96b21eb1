//! Where the rows of a stage come from, so that an error names a line of a file also behind other stages.
//!
//! An emitting stage gives some of its rows, in order: one bit for each says which. A row that a fold gives (a group, a row
//! in another order) is of no single row of a file, and neither is what is known of a row with several matches.

use super::in_flight::Window;
use crate::io::{ChunkReader, Place, Places};
use std::cell::RefCell;
use std::rc::Rc;

/// Where the rows of a stage come from, driver by driver.
#[derive(Default)]
pub(super) struct Origins {
    /// The running number of a driver's first row, and its origin; ascending.
    drivers: Vec<(u64, Origin)>,
}

/// Where the rows of a driver come from.
pub(super) enum Origin {
    Files(Rc<RefCell<ChunkReader>>),
    /// Files that have been read.
    Places(Places),
    Stage {
        /// What the stage is called.
        label: String,
        /// Of a stage that gives its own rows.
        lineage: Option<Rc<Lineage>>,
    },
    /// Rows that stayed on the device.
    Kept,
}

/// Where the rows that an emitting stage gave come from.
pub(super) struct Lineage {
    pub(super) selected: Selected,
    pub(super) origins: Origins,
}

/// Which of its rows a stage gave.
#[derive(Default)]
pub(super) struct Selected {
    portions: Vec<Portion>,
    /// How many rows were given.
    rows: u64,
}

/// What one step gave.
struct Portion {
    /// The number of its first row, among those that the stage gave.
    given: u64,
    lanes: Option<Lanes>,
}

/// The lanes of a chunk.
struct Lanes {
    /// The running number of the first lane's row.
    first: u64,
    /// A bit for each lane whose row was given.
    kept: Vec<u64>,
}

impl Origins {
    /// When all rows have been read: what else the readers hold is given back.
    pub(super) fn settled(self) -> Self {
        let settled = |(first, origin)| match origin {
            Origin::Files(reader) => (first, Origin::Places(reader.borrow().places())),
            Origin::Places(_) | Origin::Stage { .. } | Origin::Kept => (first, origin),
        };
        Self { drivers: self.drivers.into_iter().map(settled).collect() }
    }

    /// The rows from running number `first` on are a driver's.
    pub(super) fn push(&mut self, first: u64, origin: Origin) {
        self.drivers.push((first, origin));
    }

    /// The driver of a row, and the row's number in it.
    pub(super) fn driver(&self, row: u64) -> Option<(usize, u64)> {
        let driver = self.drivers.partition_point(|(first, _)| *first <= row).checked_sub(1)?;
        Some((driver, row - self.drivers[driver].0))
    }

    /// Where a row came from, for a message.
    pub(super) fn place(&self, row: u64) -> String {
        let Some((driver, row)) = self.driver(row) else { return format!("row {} of its input", row + 1) };
        let located = |place: Option<Place>| match place {
            Some(place) => place.shown,
            None => format!("row {} of a table", row + 1),
        };
        match &self.drivers[driver].1 {
            Origin::Files(reader) => located(reader.borrow().locate(row)),
            Origin::Places(places) => located(places.locate(row)),
            Origin::Stage { label, lineage } => match lineage.as_ref().and_then(|lineage| lineage.place(row)) {
                Some(place) => place,
                None => format!("row {} of what `{label}` gives", row + 1),
            },
            Origin::Kept => format!("row {} of what stays on the device", row + 1),
        }
    }
}

impl Lineage {
    fn place(&self, row: u64) -> Option<String> {
        Some(self.origins.place(self.selected.origin(row)?))
    }
}

impl Selected {
    /// Takes in what a step gave: the lanes of `mask` that are set.
    pub(super) fn push(&mut self, mask: &[u8], window: Window) {
        let kept: Vec<u64> = mask.chunks(64).map(word).collect();
        let rows: u64 = kept.iter().map(|word| u64::from(word.count_ones())).sum();
        if rows == 0 {
            return;
        }
        let lanes = match window {
            Window::Rows { first } => Some(Lanes { first, kept }),
            Window::Matches { .. } => None,
        };
        self.portions.push(Portion { given: self.rows, lanes });
        self.rows += rows;
    }

    /// The running number, in the stage, of a row that it gave; `None` where that is not known.
    fn origin(&self, row: u64) -> Option<u64> {
        if row >= self.rows {
            return None;
        }
        let at = self.portions.partition_point(|portion| portion.given <= row).checked_sub(1)?;
        let Portion { given, lanes } = &self.portions[at];
        let Lanes { first, kept } = lanes.as_ref()?;
        let lanes = (0_u64..).zip(kept).flat_map(|(at, word)| {
            let is_kept = move |bit: &u64| word >> bit & 1 != 0;
            (0..64).filter(is_kept).map(move |bit| 64 * at + bit)
        });
        let lane = { lanes }.nth(usize::try_from(row - given).ok()?)?;
        Some(first + lane)
    }
}

/// Up to 64 lanes as bits, the first one lowest.
fn word(lanes: &[u8]) -> u64 {
    lanes.iter().rev().fold(0, |word, lane| word << 1 | u64::from(*lane != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_followed_through_masks() {
        let mut selected = Selected::default();
        let mut mask = vec![0; 130];
        [0, 63, 64, 129].into_iter().for_each(|lane| mask[lane] = 1);
        selected.push(&mask, Window::Rows { first: 1000 });
        selected.push(&[0, 0], Window::Rows { first: 1130 });
        selected.push(&[1, 1], Window::Matches { left: 2, end: 1134 });
        selected.push(&[0, 1, 1], Window::Rows { first: 1134 });
        let origins = (0..9).map(|row| selected.origin(row)).collect::<Vec<_>>();
        let known = [1000, 1063, 1064, 1129].map(Some);
        assert_eq!(origins[..4], known);
        assert_eq!(origins[4..], [None, None, Some(1135), Some(1136), None]);
    }
}
