//! Expressions of both languages at once: a node has a template of each, and the nodes that fill its gaps.

use super::types::Type;

/// What is known of an expression's values before any is computed, so that no program goes out of a type's range but on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing.
    Nothing,
    /// Integers, decimals (unscaled), dates and timestamps (microseconds) are from the one to the other.
    Range(i128, i128),
    /// Floats are multiples of 2 to the power of minus the second, below 2 to the power of the first: sums and products are
    /// exact as long as both together fit the significand. NaN and infinity count as such.
    Binary(u32, u32),
    /// Floats that the two engines may round differently: nothing may depend on the last digits.
    Rough,
}

/// An expression; its text in each language has `$a`, `$b` and so on where its arguments stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expr {
    pub(crate) ty: Type,
    pub(crate) known: Known,
    /// A literal's text without a cast, which has its type only beside a value of that type.
    pub(crate) bare: Option<String>,
    dj: String,
    sql: String,
    pub(crate) args: Vec<Expr>,
}

impl Expr {
    /// A column, a literal or whatever else has no arguments.
    pub(crate) fn leaf(ty: Type, known: Known, dj: impl Into<String>, sql: impl Into<String>) -> Self {
        Self {
            ty,
            known,
            bare: None,
            dj: dj.into().replace('$', "$$"),
            sql: sql.into().replace('$', "$$"),
            args: vec![],
        }
    }

    /// A column of the same name in both.
    pub(crate) fn column(name: &str, ty: Type, known: Known) -> Self {
        Self::leaf(ty, known, name, format!("\"{name}\""))
    }

    /// Templates filled with arguments.
    pub(crate) fn node(
        ty: Type,
        known: Known,
        dj: impl Into<String>,
        sql: impl Into<String>,
        args: impl Into<Vec<Self>>,
    ) -> Self {
        Self { ty, known, bare: None, dj: dj.into(), sql: sql.into(), args: args.into() }
    }

    /// Whether this is its template in DJ.
    pub(crate) fn is_made_by(&self, template: &str) -> bool {
        self.dj == template
    }

    /// Its text in DJ.
    pub(crate) fn dj(&self) -> String {
        fill(&self.dj, &self.args.iter().map(Self::dj).collect::<Vec<_>>())
    }

    /// Its text in DuckDB.
    pub(crate) fn sql(&self) -> String {
        fill(&self.sql, &self.args.iter().map(Self::sql).collect::<Vec<_>>())
    }

    /// The range of an integer, a decimal, a date or a timestamp; that of the type if nothing else is known.
    pub(crate) fn range(&self) -> Option<(i128, i128)> {
        match self.known {
            Known::Range(lo, hi) => Some((lo, hi)),
            Known::Nothing | Known::Binary(..) | Known::Rough => self.ty.range(),
        }
    }

    /// Literals without their casts, where another value beside them gives them their type.
    pub(crate) fn bare_beside(mut values: Vec<Self>) -> Vec<Self> {
        if values.iter().any(|value| value.bare.is_none()) {
            for value in &mut values {
                if let Some(bare) = &value.bare {
                    value.dj.clone_from(bare);
                }
            }
        }
        values
    }

    /// How many nodes it has.
    pub(crate) fn size(&self) -> usize {
        1 + self.args.iter().map(Self::size).sum::<usize>()
    }
}

/// The letter of an argument.
pub(crate) fn gap(index: usize) -> String {
    format!("${}", char::from(b'a' + u8::try_from(index).unwrap_or(25)))
}

fn fill(template: &str, args: &[String]) -> String {
    let mut text = String::new();
    let mut rest = template.chars();
    while let Some(c) = rest.next() {
        match (c, c == '$') {
            (c, false) => text.push(c),
            (_, true) => match rest.next() {
                Some(letter @ 'a'..='z') => {
                    text.push_str(args.get(usize::from(letter as u8 - b'a')).map_or("", String::as_str));
                }
                Some(other) => text.push(other),
                None => {}
            },
        }
    }
    text
}
