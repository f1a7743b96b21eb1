//! The name that a misspelled one was meant to be.

/// Longer names are not compared: the time grows with the square of the length.
const LONGEST: usize = 200;
/// No more names than these are compared: a table may have tens of thousands of columns.
const MOST: usize = 2_000;

/// The name that is spelled most like `wanted`, if one is: of every three letters one may be wrong, whatever their case, and
/// three (or all but one) may stand for the name that they begin. Of equally near ones the first.
pub fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = wanted.to_lowercase();
    best(wanted, names, |name| {
        let begins = |whole: &str, part: &str| {
            let one_more = whole.chars().count() == part.chars().count() + 1;
            whole.starts_with(part) && (one_more || part.chars().count() >= 3)
        };
        let longer = lower.chars().count().max(name.chars().count());
        if begins(name, &lower) || begins(&lower, name) { longer } else { longer / 3 }
    })
}

/// The name that at most so many edits make of `wanted`, with the fewest.
pub fn nearest_within<'n>(edits: usize, wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    best(wanted, names, |_| edits)
}

/// The nearest of the names in lower case that need no more edits than `most` allows of each.
fn best<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>, most: impl Fn(&str) -> usize) -> Option<&'n str> {
    let wanted = wanted.to_lowercase();
    if wanted.len() > LONGEST {
        return None;
    }
    let scored = names.into_iter().take(MOST).filter(|name| name.len() <= LONGEST).filter_map(|name| {
        let lower = name.to_lowercase();
        let (most, apart) = (most(&lower), wanted.chars().count().abs_diff(lower.chars().count()));
        // The lengths alone need as many edits.
        let edits = (apart <= most).then(|| strsim::osa_distance(&wanted, &lower))?;
        (edits <= most).then_some((edits, name))
    });
    scored.min_by_key(|(edits, _)| *edits).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_of_three_may_be_wrong() {
        let names = ["fare", "vendor", "distance", "day", "a"];
        for (wanted, found) in [
            ("faer", Some("fare")),
            ("Vendro", Some("vendor")),
            ("dist", Some("distance")),
            ("distnace_", Some("distance")),
            ("dya", Some("day")),
            ("b", None),
            ("aa", Some("a")),
            ("zz", None),
            ("passengers", None),
        ] {
            assert_eq!(nearest(wanted, names), found, "{wanted}");
        }
        assert_eq!(nearest("FARE", ["far", "fare"]), Some("fare"));
        assert_eq!(nearest_within(1, "trisp.csv", ["trips.csv", "trip.csv"]), Some("trips.csv"));
        assert_eq!(nearest_within(0, "trisp.csv", ["trips.csv"]), None);
    }

    #[test]
    fn absurd_searches_end() {
        let long = "x".repeat(1 << 20);
        assert_eq!(nearest(&long, [long.as_str()]), None);
        assert_eq!(nearest("x", std::iter::repeat_n(long.as_str(), 1 << 20)), None);
    }
}
