//! What the tensors of a result are: one value that those who write it and those who read it share.

use crate::encode::SchemaColumn;
use crate::lower::Cx;
use crate::stablehlo::Element;

/// The tensors of a stage's result, in order: those of its columns, then what only joins read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// What each is.
    pub(crate) tensors: Vec<(Role, Element)>,
}

/// What a tensor of a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The values of a column.
    Values(usize),
    /// Which of them are not null.
    Validity(usize),
    /// How many slots each key of an address table has, where that depends on the rung.
    Extents(usize),
    /// For every slot of an address table the row whose keys address it, −1 where there is none.
    Table,
    /// A word of the keys, the most significant first.
    Word(usize),
    /// For every row, where the run of rows with equal words ends.
    RunEnd,
    /// One of the integers that say where a row stands, the most significant first.
    Place(usize),
}

/// How long a tensor of a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// As many as there may be rows.
    Rows,
    /// As many as keys address slots.
    Slots,
    /// As many as there are keys.
    Keys(usize),
}

impl Role {
    /// How long the tensor is.
    pub(crate) fn length(self) -> Length {
        match self {
            Self::Values(_) | Self::Validity(_) | Self::Word(_) | Self::RunEnd | Self::Place(_) => Length::Rows,
            Self::Table => Length::Slots,
            Self::Extents(keys) => Length::Keys(keys),
        }
    }
}

impl Layout {
    /// The tensors of columns.
    pub(crate) fn of_columns(cx: &Cx<'_, '_>, columns: &[SchemaColumn]) -> Self {
        let mut tensors = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            tensors.push((Role::Values(index), cx.column_element(column.id, column.ty)));
            tensors.extend(column.nullable.then_some((Role::Validity(index), Element::Pred)));
        }
        Self { tensors }
    }

    /// The same and more.
    pub(crate) fn with(mut self, others: impl IntoIterator<Item = (Role, Element)>) -> Self {
        self.tensors.extend(others);
        self
    }

    /// Where the tensor of a role is.
    pub(crate) fn position(&self, role: Role) -> Option<usize> {
        self.tensors.iter().position(|(known, _)| *known == role)
    }
}
