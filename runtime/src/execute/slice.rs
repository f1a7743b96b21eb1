//! The slice of a stage's rows that is wanted (`take 3`), and which row fills it.
//!
//! What is wrong with a row behind the one that fills the slice is no failure, however many rows a chunk has: such rows are
//! as good as unread. A row that has several matches counts with all of them, or else it would depend on where a window of
//! matches ends whether the last ones are looked at.

/// How far a slice is filled.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    /// Rows to leave out still.
    skip: u64,
    /// Rows to take still.
    left: u64,
    /// The number of the row that filled it.
    filled_by: Option<u64>,
    /// The rows of lower numbers have been reached: nothing new comes of them, but of the last one.
    reached: u64,
    /// Whether the row that filled it may have more matches.
    is_open: bool,
}

/// What one replica's step gave.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lanes<'a> {
    /// The rows of a chunk: the first has this running number.
    Rows(u64),
    /// A window of the matches of a chunk's rows.
    Matches {
        /// The number of each match's row; behind the last match anything.
        rows: &'a [i64],
        /// How many matches there are from the window's first on.
        left: u64,
        /// The number of the first row behind the chunk.
        end: u64,
    },
}

impl Slice {
    /// A slice that leaves out `skip` rows and takes `keep`.
    pub(super) fn new((skip, keep): (u64, u64)) -> Self {
        Self { skip, left: keep, ..Self::default() }
    }

    /// Whether more rows would only be thrown away.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0 && !self.is_open
    }

    /// Whether something that went wrong in a row is a failure, by what was taken so far.
    ///
    /// It is none while the row's matches are not reached, and never will be if the rows before it fill the slice.
    pub(super) fn wants(&self, row: u64) -> bool {
        self.filled_by.map_or(row < self.reached, |last| row <= last)
    }

    /// Takes a step's lanes: unsets those that are not wanted in its mask. Rows from `end` on are not to be taken.
    pub(super) fn take(&mut self, mask: &mut [u8], lanes: Lanes<'_>, end: Option<u64>) {
        let row_of = |lane: usize| match lanes {
            Lanes::Rows(first) => first + lane as u64,
            Lanes::Matches { rows, .. } => rows[lane].cast_unsigned(),
        };
        let (count, behind) = match lanes {
            Lanes::Rows(first) => (mask.len(), Some(first + mask.len() as u64)),
            Lanes::Matches { rows, left, end } => {
                let count = usize::try_from(left).map_or(rows.len(), |left| left.min(rows.len()));
                (count, (left <= rows.len() as u64).then_some(end))
            }
        };
        for (lane, keep) in mask[..count].iter_mut().enumerate() {
            if *keep == 0 {
                continue;
            }
            let row = row_of(lane);
            *keep = u8::from(end.is_none_or(|end| row < end) && self.count(row));
        }
        mask[count..].fill(0);
        let last = count.checked_sub(1).map_or(0, |lane| row_of(lane) + 1);
        self.reached = self.reached.max(behind.unwrap_or(last));
        self.is_open = behind.is_none() && self.filled_by.is_some_and(|last| self.reached <= last + 1);
    }

    /// Counts a row and tells whether it is to be taken.
    fn count(&mut self, row: u64) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.left == 0 {
            self.filled_by = Some(row);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_left_out_and_taken_across_chunks() {
        let mut slice = Slice::new((2, 3));
        let mut mask = [1, 0, 1, 1];
        slice.take(&mut mask, Lanes::Rows(0), None);
        assert_eq!(mask, [0, 0, 0, 1]);
        assert!(!slice.is_full());
        let mut mask = [0, 1, 1, 1];
        slice.take(&mut mask, Lanes::Rows(4), None);
        assert_eq!(mask, [0, 1, 1, 0]);
        assert!(slice.is_full());
        assert!(slice.wants(6) && !slice.wants(7), "row 6 filled it");
    }

    #[test]
    fn a_failing_row_is_wanted_unless_the_rows_before_it_suffice() {
        let mut slice = Slice::new((0, 2));
        let mut mask = [1, 1, 1, 1];
        slice.take(&mut mask, Lanes::Rows(10), Some(12));
        assert_eq!(mask, [1, 1, 0, 0]);
        assert!(slice.is_full() && !slice.wants(12));
        let mut slice = Slice::new((0, 3));
        slice.take(&mut [1, 1, 1, 1], Lanes::Rows(10), Some(12));
        assert!(!slice.is_full() && slice.wants(12));
    }

    #[test]
    fn a_row_counts_with_all_its_matches() {
        let mut slice = Slice::new((0, 2));
        let mut mask = [1, 1, 1];
        slice.take(&mut mask, Lanes::Matches { rows: &[0, 1, 1], left: 7, end: 4 }, None);
        assert_eq!(mask, [1, 1, 0]);
        assert!(!slice.is_full(), "row 1 may have more matches");
        assert!(!slice.wants(3));
        let mut mask = [1, 1, 1];
        slice.take(&mut mask, Lanes::Matches { rows: &[1, 2, 2], left: 4, end: 4 }, None);
        assert_eq!(mask, [0, 0, 0]);
        assert!(slice.is_full() && slice.wants(1) && !slice.wants(2));
    }

    #[test]
    fn a_failing_row_whose_matches_are_not_reached_may_never_be_wanted() {
        let mut slice = Slice::new((0, 3));
        slice.take(&mut [1, 1], Lanes::Matches { rows: &[0, 1], left: 4, end: 3 }, Some(2));
        assert!(!slice.wants(2), "the matches of row 1 may fill the slice");
        let mut mask = [1, 1];
        slice.take(&mut mask, Lanes::Matches { rows: &[1, 1], left: 2, end: 3 }, Some(2));
        assert_eq!(mask, [1, 0]);
        assert!(slice.is_full() && !slice.wants(2));
        let mut slice = Slice::new((0, 3));
        slice.take(&mut [1, 1], Lanes::Matches { rows: &[0, 7], left: 1, end: 3 }, Some(2));
        assert!(slice.wants(2), "there are no more matches");
    }
}
