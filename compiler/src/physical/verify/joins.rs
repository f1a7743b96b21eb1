//! Joins: (P5) to (P7).

use super::{Row, Verified, Verifier, agree, require};
use crate::encode::SchemaColumn;
use crate::physical::Probe;
use crate::plan::{JoinKind, Uniqueness, VerifyError};
use crate::strategy::Matches;
use dj_grammar::Span;

impl Verifier<'_> {
    /// A join: what it reads of its build side, and what the row has after it.
    pub(super) fn probe(&self, stage: usize, probe: &Probe, row: &mut Row) -> Verified {
        require(probe.build < stage, || format!("(P1) it joins stage {}", probe.build))?;
        require(probe.span != Span::default(), || "(P11) a join has no place".to_owned())?;
        let build = &self.variant.stages[probe.build];
        let Some(strategy) = build.sink.strategy().build() else {
            return Err(VerifyError(format!("(P5) stage {} is not built for joins", probe.build)));
        };
        strategy.verify_probe(probe)?;
        let keys = strategy.keys();
        let types = keys.exprs.iter().map(|key| key.ty).eq(probe.keys.iter().map(|key| key.ty));
        require(types, || format!("(P5) keys differ from those of stage {}", probe.build))?;
        let same = keys.matches == probe.matches;
        require(same, || format!("(P5) {:?} of stage {}, which has {:?}", probe.matches, probe.build, keys.matches))?;
        self.payload(probe, &build.result, row)?;
        self.matches(probe)?;
        let decided = probe.matches == Matches::Many && probe.kind != JoinKind::Inner;
        require(!decided || probe.residual.is_none(), || "(P7) a condition decides among many matches".to_owned())?;
        probe.residual.iter().try_for_each(|residual| self.condition(stage, residual, row))?;
        if probe.kind == JoinKind::Left {
            // A row without a match has null there, whatever the build side's column.
            for (_, column) in &probe.payload {
                row.insert(column.id, SchemaColumn { nullable: true, ..*column });
            }
        }
        Ok(())
    }

    /// The build side's columns become the row's: as the condition sees them, which looks at matches only.
    fn payload(&self, probe: &Probe, built: &[SchemaColumn], row: &mut Row) -> Verified {
        for (index, column) in &probe.payload {
            let Some(made) = built.get(*index) else {
                return Err(VerifyError(format!("(P5) stage {} has no column {index}", probe.build)));
            };
            let of_build = |error: VerifyError| VerifyError(format!("(P5) {}: {}", self.name(column.id), error.0));
            agree(made, column).map_err(of_build)?;
            self.define(row, *column)?;
        }
        Ok(())
    }

    /// Whether the number of matches that the join looks for is that which there may be.
    fn matches(&self, probe: &Probe) -> Verified {
        let any_will_do = matches!(probe.kind, JoinKind::Semi | JoinKind::Anti) && probe.residual.is_none();
        let found = probe.matches != Matches::One(None) || any_will_do;
        require(found, || format!("(P6) one match of stage {} is looked for, and there may be more", probe.build))?;
        match &probe.matches {
            Matches::Many | Matches::Nearest(_) | Matches::One(None) => Ok(()),
            Matches::One(Some(Uniqueness::Proven)) => require(self.keys_are_unique(probe.build), || {
                format!("(P6) nothing proves that the keys of stage {} are unique", probe.build)
            }),
            Matches::One(Some(Uniqueness::Recorded(table, column))) => {
                let assumed = self.variant.unique.contains(&(*table, *column));
                require(assumed, || format!("(P6) it is no assumption that keys of stage {} are unique", probe.build))
            }
        }
    }
}
