//! Which strategy an operator takes: the cheapest of those that can run it, unless `--strategy` asks for another.

use super::{DEFAULT_CHUNK_ROWS, Reason};
use crate::encode::{Dictionaries, Encoded, Join, SchemaColumn, SortKey, Type};
use crate::plan::{AggregateFunction, Facts, JoinKind, Program, UniqueColumns, one_match};
use crate::strategy::address::{addressing, multiplies, range_dim, slots, slots_at};
use crate::strategy::{
    Addressing, AggregateItem, BuildKeys, Collect, Dense, Group, GroupSort, KeyDim, KeyDomain, Lookup, Mark, Matches,
    Merge, Reduce, Sink, Sort, Strategy, TopK, Work, dense, lookup, mark,
};
use dj_runtime::expr::Interval;

/// More rows than this are sorted as a whole instead of being kept in order while they come.
const MAX_TOP_ROWS: u64 = 1 << 14;

/// More than this are not, whatever is asked for.
const MOST_TOP_ROWS: u64 = 1 << 20;

/// A join of which nothing is known is taken to have so many build rows.
const BUILD_ROWS: u64 = 1 << 16;

/// A strategy for an operator that has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Groups are addressed by their keys.
    GroupDense,
    /// Groups are found by sorting.
    GroupSort,
    /// Joins look keys up in a table.
    JoinLookup,
    /// Joins search sorted keys.
    JoinMerge,
    /// Joins search sorted keys and look for many matches, also where there is one.
    JoinMany,
    /// Every device has all rows of a build side.
    BuildBroadcast,
    /// Build sides are shared out among the devices, where that can be.
    BuildShare,
    /// The first rows of an order are kept while the others pass.
    TakeTopK,
    /// The first rows of an order are those of all rows in order.
    TakeSort,
}

impl Choice {
    /// All that there are.
    pub const ALL: [Self; 9] = [
        Self::GroupDense,
        Self::GroupSort,
        Self::JoinLookup,
        Self::JoinMerge,
        Self::JoinMany,
        Self::BuildBroadcast,
        Self::BuildShare,
        Self::TakeTopK,
        Self::TakeSort,
    ];

    fn operator(self) -> &'static str {
        match self {
            Self::GroupDense | Self::GroupSort => "group",
            Self::JoinLookup | Self::JoinMerge | Self::JoinMany => "join",
            Self::BuildBroadcast | Self::BuildShare => "build",
            Self::TakeTopK | Self::TakeSort => "take",
        }
    }

    /// `group=dense`
    pub fn name(self) -> &'static str {
        match self {
            Self::GroupDense => "group=dense",
            Self::GroupSort => "group=sort",
            Self::JoinLookup => "join=lookup",
            Self::JoinMerge => "join=merge",
            Self::JoinMany => "join=many",
            Self::BuildBroadcast => "build=broadcast",
            Self::BuildShare => "build=share",
            Self::TakeTopK => "take=top-k",
            Self::TakeSort => "take=sort",
        }
    }
}

/// The strategies that are to be taken wherever they can be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forced(Vec<Choice>);

impl Forced {
    /// Those of a list: of several for one operator the last.
    pub fn new(choices: &[Choice]) -> Self {
        let is_last =
            |index: usize| choices[index + 1..].iter().all(|later| later.operator() != choices[index].operator());
        Self((0..choices.len()).filter(|index| is_last(*index)).map(|index| choices[index]).collect())
    }

    pub(super) fn has(&self, choice: Choice) -> bool {
        self.0.contains(&choice)
    }
}

/// What choices depend on.
pub(super) struct Chooser<'a> {
    pub(super) program: &'a Program<Encoded>,
    pub(super) facts: &'a Facts,
    pub(super) dictionaries: &'a Dictionaries,
    pub(super) forced: &'a Forced,
}

impl Chooser<'_> {
    /// How groups are found, of so many rows.
    pub(super) fn group(&self, group: Group, rows: Option<u64>) -> (Sink, Reason) {
        if group.aggregates.iter().any(|item| item.function.ranks()) {
            return self.collected(group, rows);
        }
        if group.keys.is_empty() {
            return (Sink::Reduce(Reduce { group }), Reason::OneGroup);
        }
        if self.forced.has(Choice::GroupSort) {
            return (Sink::GroupSort(GroupSort { group }), Reason::Forced);
        }
        if let [key] = &group.keys[..]
            && let Some(domain) = key.ty.domain()
        {
            // Codes are dense, and there are no more of them than texts in memory: the state grows with the dictionary.
            let dims = vec![KeyDim { domain: KeyDomain::Dictionary(domain), nullable: key.nullable }];
            let reason = Reason::Group(Addressing::Dense(dims.clone()));
            return (Sink::Dense(Dense { group, dims }), reason);
        }
        let domains = group.keys.iter().map(|key| self.domain(key));
        let mut addressing = addressing(domains, dense::MAX_SLOTS, self.dictionaries);
        if let Addressing::Dense(dims) = addressing {
            let dense = Dense { group: group.clone(), dims };
            if self.forced.has(Choice::GroupDense) {
                return (Sink::Dense(dense), Reason::Forced);
            }
            let sort = GroupSort { group: group.clone() };
            // Of unknown rows there may be none.
            addressing = self.cheaper(dense.dims.clone(), &dense, &sort, rows.unwrap_or(0));
        }
        let sink = if let Addressing::Dense(dims) = &addressing {
            Sink::Dense(Dense { group, dims: dims.clone() })
        } else {
            Sink::GroupSort(GroupSort { group })
        };
        (sink, Reason::Group(addressing))
    }

    /// How groups are found whose rows are collected, of so many.
    fn collected(&self, group: Group, rows: Option<u64>) -> (Sink, Reason) {
        // What numbers them is what else would hold them.
        let plain = Group { keys: group.keys.clone(), aggregates: vec![] };
        let (sink, reason) = self.group(plain, rows);
        let is_one = group.keys.is_empty();
        let sorts = self.forced.has(Choice::GroupSort);
        let dims = if let Sink::Dense(dense) = sink { Some(dense.dims) } else { is_one.then(Vec::new) };
        let values = dims.as_ref().filter(|_| !sorts).and_then(|dims| self.marked(&group, dims, rows));
        match (dims, values) {
            (Some(dims), Some(values)) => (Sink::Mark(Mark { group, dims, values }), reason),
            // A buffer's rows would multiply a table of texts and other keys.
            (Some(dims), None) if multiplies(&dims) => (Sink::Collect(Collect { group, dims: None }), Reason::Grows),
            (dims, _) => (Sink::Collect(Collect { group, dims }), reason),
        }
    }

    /// The domains of the values whose numbers are asked for, if they can all be marked in tables that are worth it.
    fn marked(&self, group: &Group, dims: &[KeyDim], rows: Option<u64>) -> Option<Vec<KeyDim>> {
        let ranking = group.aggregates.iter().filter(|item| item.function.ranks());
        let value = |item: &AggregateItem| {
            let argument = item.arguments.first().filter(|_| item.function == AggregateFunction::CountDistinct)?;
            let domain = argument.ty.domain().map(KeyDomain::Dictionary);
            let of_texts = domain.map(|domain| KeyDim { domain, nullable: false });
            let value = of_texts.or_else(|| range_dim(argument.ty, false, self.facts.interval_of(argument)))?;
            let places = dims.iter().copied().chain([value]).map(Some);
            let Addressing::Dense(places) = addressing(places, mark::MAX_PLACES, self.dictionaries) else {
                return None;
            };
            let places = slots(&places, self.dictionaries)?;
            mark::is_worth(places, rows.unwrap_or(0)).then_some((value, places))
        };
        let values: Vec<_> = ranking.map(value).collect::<Option<_>>()?;
        let places = values.iter().fold(0_u64, |all, (_, places)| all.saturating_add(*places));
        (places <= mark::MAX_PLACES).then(|| values.into_iter().map(|(value, _)| value).collect())
    }

    /// Addressing by these domains, unless it takes more than another strategy.
    fn cheaper(&self, dims: Vec<KeyDim>, addressed: &dyn Strategy, other: &dyn Strategy, rows: u64) -> Addressing {
        let work = Work { dictionaries: self.dictionaries };
        let (cost, instead) = (addressed.cost(work).of(rows), other.cost(work).of(rows));
        if cost <= instead { Addressing::Dense(dims) } else { Addressing::TooDear { dims, cost, instead } }
    }

    fn domain(&self, key: &SchemaColumn) -> Option<KeyDim> {
        if let Some(domain) = key.ty.domain() {
            return Some(KeyDim { domain: KeyDomain::Dictionary(domain), nullable: key.nullable });
        }
        let interval = self.facts.interval(key.id).or_else(|| Interval::of_type(key.ty.written()));
        range_dim(key.ty, key.nullable, interval)
    }

    /// How the build side of a join is kept, of so many rows.
    pub(super) fn join(&self, join: &Join, unique: UniqueColumns<'_>, rows: Option<u64>) -> (Sink, Reason) {
        let exprs = join.on.iter().map(|(_, right)| right.clone()).collect();
        let merge = |matches| Merge { keys: BuildKeys { exprs, matches }, nulls_equal: join.nulls_equal };
        if let Some(nearest) = join.nearest {
            return (Sink::Merge(merge(Matches::Nearest(nearest))), Reason::Nearest);
        }
        let any_will_do = matches!(join.kind, JoinKind::Semi | JoinKind::Anti) && join.residual.is_none();
        // Where any match will do, nothing rests on there being one.
        let unique = if any_will_do { None } else { one_match(join, &self.program.shared, unique) };
        if unique.is_none() && !any_will_do {
            return (Sink::Merge(merge(Matches::Many)), Reason::ManyMatches);
        }
        let can_expand = join.kind == JoinKind::Inner || (join.kind == JoinKind::Left && join.residual.is_none());
        if can_expand && self.forced.has(Choice::JoinMany) {
            return (Sink::Merge(merge(Matches::Many)), Reason::Forced);
        }
        let merge = merge(Matches::One(unique.clone()));
        if self.forced.has(Choice::JoinMerge) {
            return (Sink::Merge(merge), Reason::Forced);
        }
        let rows = rows.unwrap_or(BUILD_ROWS);
        let lookup = |dims| Lookup { keys: merge.keys.clone(), dims };
        let mut addressing = addressing(self.lookup_domains(join), lookup::MAX_SLOTS, self.dictionaries);
        if let Addressing::Dense(dims) = addressing {
            // The slots at the rung that so many rows need: rows and texts grow together.
            let rung = (rows / DEFAULT_CHUNK_ROWS as u64).checked_ilog2().map_or(0, |rung| rung + 1);
            let slots = slots_at(&dims, self.dictionaries, rung);
            if slots.is_none_or(|slots| slots > lookup::MAX_SLOTS) {
                addressing = Addressing::TooManySlots { dims, slots, limit: lookup::MAX_SLOTS };
            } else if self.forced.has(Choice::JoinLookup) {
                return (Sink::Lookup(lookup(dims)), Reason::Forced);
            } else {
                addressing = self.cheaper(dims.clone(), &lookup(dims), &merge, rows);
            }
        }
        let sink = if let Addressing::Dense(dims) = &addressing {
            Sink::Lookup(lookup(dims.clone()))
        } else {
            Sink::Merge(merge)
        };
        (sink, Reason::OneMatch { unique, addressing })
    }

    fn lookup_domains(&self, join: &Join) -> impl Iterator<Item = Option<KeyDim>> {
        join.on.iter().map(|(_, key)| {
            let nullable = join.nulls_equal && key.nullable;
            if let Type::Code(domain) = key.ty {
                return Some(KeyDim { domain: KeyDomain::Dictionary(domain), nullable });
            }
            range_dim(key.ty, nullable, self.facts.interval_of(key))
        })
    }

    /// How the first `kept` rows of an order are found.
    pub(super) fn first(&self, keys: Vec<SortKey>, kept: u64) -> (Sink, Reason) {
        let most = if self.forced.has(Choice::TakeTopK) { MOST_TOP_ROWS } else { MAX_TOP_ROWS };
        if kept > most {
            return (Sink::Sort(Sort { keys }), Reason::ManyWanted { limit: MAX_TOP_ROWS });
        }
        if self.forced.has(Choice::TakeSort) {
            return (Sink::Sort(Sort { keys }), Reason::Forced);
        }
        let rows = (kept.max(1) as usize).next_power_of_two();
        let reason = if kept > MAX_TOP_ROWS { Reason::Forced } else { Reason::FewWanted };
        (Sink::TopK(TopK { keys, rows }), reason)
    }
}
