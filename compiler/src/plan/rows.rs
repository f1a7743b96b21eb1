//! Numbers of rows, and how sure they are.

/// How many rows something has, for the files bound at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCount {
    /// How many.
    pub rows: u64,
    /// Whether there are certainly no more: the files' metadata says so, or the plan. Otherwise it is a guess, from a sample
    /// of a text file or from the size of a join's sides.
    pub is_bound: bool,
}

impl RowCount {
    /// No more rows than this.
    pub fn at_most(rows: u64) -> Self {
        Self { rows, is_bound: true }
    }

    /// About so many rows.
    pub fn about(rows: u64) -> Self {
        Self { rows, is_bound: false }
    }

    /// The rows that are left where there are at most `limit`.
    #[must_use]
    pub fn limited(self, limit: u64) -> Self {
        if limit <= self.rows { Self::at_most(limit) } else { self }
    }

    /// The rows of both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { rows: self.rows.saturating_add(other.rows), is_bound: self.is_bound && other.is_bound }
    }

    /// As many rows, more or less.
    #[must_use]
    pub fn guessed(self) -> Self {
        Self { is_bound: false, ..self }
    }
}

impl std::fmt::Display for RowCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.is_bound { "at most" } else { "about" }, grouped(self.rows))
    }
}

/// A number with a comma every three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_bounds_a_guess() {
        assert_eq!(RowCount::about(1_000).limited(10), RowCount::at_most(10));
        assert_eq!(RowCount::about(10).limited(1_000), RowCount::about(10));
        assert_eq!(RowCount::at_most(10).limited(1_000), RowCount::at_most(10));
        assert_eq!(RowCount::at_most(10).plus(RowCount::about(5)), RowCount::about(15));
        assert_eq!(RowCount::about(1_234_567).to_string(), "about 1,234,567");
    }
}
