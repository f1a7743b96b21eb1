//! Cuts a relational plan into stages.

use super::choose::Chooser;
use super::share::BuildRows;
use super::skips::skips;
use super::{
    Arrival, Check, Driver, DriverColumn, Exchange, Op, Options, Probe, Reason, Stage, Variant, checks, find, fuse,
    narrow, passes,
};
use crate::encode::{Dictionaries, Encoded, EncodedProgram, Join, NamedExpr, Plan, SchemaColumn, Type};
use crate::plan::{
    Aggregate, AggregateFunction, Distinct, Facts, JoinKind, Program, RowCount, Scan, Shared, Sort, Take, TopK, Union,
    UniqueColumns, Uniqueness, Window, row_estimate,
};
use crate::strategy::{self, AggregateItem, Emit, Group, Matches, Part, Sink, Work};
use dj_grammar::Span;
use dj_runtime::artifact::DriverSource;
use dj_runtime::expr::ColumnId;

/// Chunks of fewer rows than this are not worth a smaller program.
const LEAST_CHUNK_ROWS: u64 = 1024;

/// Chunks of a table have no fewer rows than this, however few are recorded, unless rows are wide or `--chunk-rows` says so: the
/// files bound at compile time may be a sample, and a run on large ones pays for every chunk. A small file pays for the padding, some tens of kilobytes a column.
const LEAST_TABLE_CHUNK_ROWS: u64 = 8192;

/// Chunks of wide rows have fewer of them, because several are in memory at a time: being read, on the device, on their way out.
const MOST_CHUNK_BYTES: u64 = 64 << 20;

/// Plans one variant of an encoded program.
pub fn plan(encoded: &EncodedProgram, options: &Options, unique: UniqueColumns<'_>) -> Variant {
    let unique: UniqueColumns<'_> = if options.use_recorded { unique } else { &|_, _| false };
    let program = &encoded.program;
    let facts = Facts::derive(program, options.use_recorded);
    let mut planner = Planner {
        program,
        dictionaries: &encoded.dictionaries,
        options,
        facts,
        unique,
        stages: Vec::new(),
        reasons: Vec::new(),
        shared: Vec::new(),
        unique_columns: Vec::new(),
        builds: Vec::new(),
    };
    for shared in &program.shared {
        let stage = planner.materialize(&shared.plan);
        planner.shared.push(stage);
    }
    let exports = program.exports.iter().map(|export| planner.materialize(&export.plan)).collect();
    let Planner { stages, reasons, shared, facts, unique_columns, .. } = planner;
    let shared = shared.into_iter().map(Some).collect();
    let devices = options.target.replicas;
    let mut variant =
        Variant { devices, stages, passes: vec![], reasons, exports, shared, unique: unique_columns, facts };
    fuse::repeat_shared(&mut variant);
    checks::drop_unused(&mut variant.stages);
    narrow::narrow(&mut variant);
    variant.passes = passes::plan(&mut variant.stages, &variant.shared);
    variant
}

pub(super) struct Planner<'a> {
    program: &'a Program<Encoded>,
    dictionaries: &'a Dictionaries,
    options: &'a Options,
    facts: Facts,
    unique: UniqueColumns<'a>,
    stages: Vec<Stage>,
    reasons: Vec<Reason>,
    shared: Vec<usize>,
    unique_columns: Vec<(usize, usize)>,
    builds: Vec<Build>,
}

/// The build side of a join, which others that are equal share.
struct Build {
    /// What it holds and how, up to the identity of columns.
    form: String,
    stage: usize,
    /// The columns of the plan that it was made of.
    columns: Vec<ColumnId>,
}

/// A relation that can be streamed: the rows of its drivers, one after the other.
#[derive(Default)]
pub(super) struct Stream {
    pub(super) drivers: Vec<Driver>,
    pub(super) schema: Vec<SchemaColumn>,
    rows: Option<RowCount>,
}

impl Planner<'_> {
    /// A stage whose result is the plan's rows.
    fn materialize(&mut self, plan: &Plan) -> usize {
        let stream = self.stream(plan);
        if let Some(stage) = self.as_result(&stream) {
            return stage;
        }
        self.emit(plan.span(), stream, None)
    }

    /// The stage whose result a stream passes on unchanged, if there is one.
    fn as_result(&self, stream: &Stream) -> Option<usize> {
        let [driver] = &stream.drivers[..] else { return None };
        let DriverSource::Stage(stage) = driver.source else { return None };
        let ids = |columns: &[SchemaColumn]| columns.iter().map(|column| column.id).collect::<Vec<_>>();
        let same = driver.ops.is_empty() && ids(&stream.schema) == ids(&self.stages[stage].result);
        same.then_some(stage)
    }

    fn chooser(&self) -> Chooser<'_> {
        let Self { program, facts, dictionaries, options, .. } = self;
        Chooser { program, facts, dictionaries, forced: &options.forced }
    }

    pub(super) fn emit(&mut self, span: Span, stream: Stream, slice: Option<(u64, u64)>) -> usize {
        let result = stream.schema.clone();
        let rows_out = match slice {
            Some((_, count)) => Some(limited(stream.rows, count)),
            None => stream.rows,
        };
        self.add(span, stream, Sink::Emit(Emit), result, slice, rows_out)
    }

    fn add(
        &mut self,
        span: Span,
        stream: Stream,
        sink: Sink,
        result: Vec<SchemaColumn>,
        slice: Option<(u64, u64)>,
        rows_out: Option<RowCount>,
    ) -> usize {
        let chunk_rows = self.chunk_rows(&stream);
        let rows_in = stream.rows;
        let drivers = stream.drivers;
        let devices = self.options.target.replicas;
        let arrival = if devices == 1 { Arrival::InOrder } else { Arrival::Any };
        let slots = sink.strategy().shared_slots(Work { dictionaries: self.dictionaries });
        let exchange = Exchange::among(devices, sink.strategy().together(), slots);
        self.stages.push(Stage {
            span,
            chunk_rows,
            drivers,
            arrival,
            exchange,
            sink,
            result,
            slice,
            rows_in,
            rows_out,
        });
        self.reasons.push(Reason::Streams);
        self.stages.len() - 1
    }

    fn chunk_rows(&self, stream: &Stream) -> usize {
        let narrow = chunk_rows_of(stream.drivers.iter().map(row_bytes).max().unwrap_or(0));
        let reads_table = stream.drivers.iter().any(|driver| matches!(driver.source, DriverSource::Table(_)));
        let least = if reads_table { LEAST_TABLE_CHUNK_ROWS } else { LEAST_CHUNK_ROWS };
        let enough = stream.rows.map(|count| count.rows.clamp(least, 1 << 32).next_power_of_two());
        let enough = enough.and_then(|rows| usize::try_from(rows).ok());
        enough.map_or(narrow, |rows| rows.min(narrow)).min(self.options.chunk_rows)
    }

    pub(super) fn stream(&mut self, plan: &Plan) -> Stream {
        match plan {
            Plan::Scan(scan) => self.scan(scan),
            Plan::Filter(filter) => {
                let mut stream = self.stream(&filter.input);
                push(&mut stream.drivers, &Op::Filter(filter.predicate.clone()));
                stream
            }
            Plan::Project(project) => {
                let mut stream = self.stream(&project.input);
                let computed = |item: &&NamedExpr| item.expr.as_column() != Some(item.id);
                let items: Vec<_> = project.items.iter().filter(computed).cloned().collect();
                if !items.is_empty() {
                    push(&mut stream.drivers, &Op::Project(items));
                }
                stream.schema = plan.schema();
                stream
            }
            Plan::Aggregate(aggregate) => self.aggregate(aggregate),
            Plan::Distinct(distinct) => self.distinct(distinct),
            Plan::Join(join) => self.join(join, plan.schema()),
            Plan::Sort(sort) => self.sort(sort),
            Plan::TopK(top) => self.top_k(top),
            Plan::Take(take) => self.take(take),
            Plan::Union(union) => self.union(union),
            Plan::Window(window) => self.window(window, plan.schema()),
            Plan::Shard(shard) => self.stream(&shard.input),
            Plan::Shared(shared) => self.read_shared(shared),
            Plan::Evaluate(evaluate) => self.evaluate(evaluate),
        }
    }

    fn scan(&mut self, scan: &Scan<Encoded>) -> Stream {
        let table = &self.program.tables[scan.table];
        let column = |&(index, column): &(usize, SchemaColumn)| {
            let info = &table.columns[index];
            let check = |bounds, declared| Check { bounds, declared, span: info.span, name: info.field.name.clone() };
            let recorded = info.recorded.bounds.filter(|_| self.options.use_recorded && column.ty.is_integral());
            let declared = info.declared.map(|bounds| check(bounds, true));
            let checks = declared.into_iter().chain(recorded.map(|bounds| check(bounds, false))).collect();
            DriverColumn { index, column, checks }
        };
        let columns: Vec<DriverColumn> = scan.columns.iter().map(column).collect();
        let skip = scan.predicates.iter().map(|predicate| self.dictionaries.decoded(predicate));
        let skip = skip.flat_map(|predicate| skips(&predicate, &columns)).collect();
        let ops = scan.predicates.iter().cloned().map(Op::Filter).collect();
        let driver = Driver { source: DriverSource::Table(scan.table), columns, row: None, host: vec![], ops, skip };
        let schema = scan.columns.iter().map(|(_, column)| *column).collect();
        Stream { drivers: vec![driver], schema, rows: table.rows }
    }

    /// A stream of the result of a stage.
    pub(super) fn read(&self, stage: usize) -> Stream {
        let result = &self.stages[stage];
        let column = |(index, column): (usize, &SchemaColumn)| DriverColumn { index, column: *column, checks: vec![] };
        let columns = result.result.iter().enumerate().map(column).collect();
        let driver =
            Driver { source: DriverSource::Stage(stage), columns, row: None, host: vec![], ops: vec![], skip: vec![] };
        Stream { drivers: vec![driver], schema: result.result.clone(), rows: result.rows_out }
    }

    fn read_shared(&self, shared: &Shared<Encoded>) -> Stream {
        let stage = self.shared[shared.plan];
        let mut stream = self.read(stage);
        stream.schema = shared.columns.iter().map(|(_, column)| *column).chain(shared.row).collect();
        let result = &self.stages[stage].result;
        let column = |(source, column): &(ColumnId, SchemaColumn)| {
            let index = find(result, *source);
            let index = index.unwrap_or_else(|| panic!("(P4) stage {stage} gives no column {source:?} to its readers"));
            DriverColumn { index, column: *column, checks: vec![] }
        };
        stream.drivers[0].columns = shared.columns.iter().map(column).collect();
        stream.drivers[0].row = shared.row.map(|row| row.id);
        stream
    }

    fn aggregate(&mut self, aggregate: &Aggregate<Encoded>) -> Stream {
        let stream = self.stream(&aggregate.input);
        let items = aggregate.aggregates.iter().map(|item| AggregateItem {
            column: item.schema(),
            function: item.function,
            arguments: item.arguments.clone(),
            filter: item.filter.clone(),
            span: item.span,
        });
        self.group(aggregate.span, stream, aggregate.keys.clone(), items.collect())
    }

    /// The first row of every group: an aggregation by `first` of all other columns.
    fn distinct(&mut self, distinct: &Distinct<Encoded>) -> Stream {
        let stream = self.stream(&distinct.input);
        let schema = stream.schema.clone();
        let (keys, others): (Vec<_>, Vec<_>) = schema.iter().partition(|column| distinct.keys.contains(&column.id));
        let first = |column: SchemaColumn| AggregateItem {
            column,
            function: AggregateFunction::First,
            arguments: vec![column.read(distinct.span)],
            filter: None,
            span: distinct.span,
        };
        let mut stream = self.group(distinct.span, stream, keys, others.into_iter().map(first).collect());
        stream.schema = schema;
        stream
    }

    fn group(&mut self, span: Span, stream: Stream, keys: Vec<SchemaColumn>, aggregates: Vec<AggregateItem>) -> Stream {
        let group = Group { keys, aggregates };
        let result = group.result().copied().collect();
        let (sink, reason) = self.chooser().group(group, stream.rows.map(|count| count.rows));
        let rows_out = sink.strategy().rows_out(stream.rows, Work { dictionaries: self.dictionaries });
        let stage = self.add(span, stream, sink, result, None, rows_out);
        self.reasons[stage] = reason;
        self.read(stage)
    }

    fn sort(&mut self, sort: &Sort<Encoded>) -> Stream {
        let stream = self.stream(&sort.input);
        let (result, rows) = (stream.schema.clone(), stream.rows);
        let sink = Sink::Sort(strategy::Sort { keys: sort.keys.clone() });
        let stage = self.add(sort.span, stream, sink, result, None, rows);
        self.reasons[stage] = Reason::Order;
        self.read(stage)
    }

    fn window(&mut self, window: &Window<Encoded>, result: Vec<SchemaColumn>) -> Stream {
        let stream = self.stream(&window.input);
        let rows = stream.rows;
        let Window { by, order, items, any_order, .. } = window.clone();
        let parts = vec![Part::Items(items)];
        let wanted = strategy::Window { by, order, parts, any_order };
        if let Some(stage) = self.continued(&stream, &wanted, &result) {
            return self.read(stage);
        }
        let stage = self.add(window.span, stream, Sink::Window(wanted), result, None, rows);
        self.reasons[stage] = Reason::Window;
        self.read(stage)
    }

    /// The stage of a window whose rows a stream gives, if another one finds them in its own order: it computes what the other
    /// one wants too, and gives its result. Rows of equal keys stand as they came in both, so it is the other one that says whether
    /// any order will do; how rows come in and move stays. Not where someone else may read its result.
    fn continued(&mut self, stream: &Stream, wanted: &strategy::Window, result: &[SchemaColumn]) -> Option<usize> {
        let [driver] = &stream.drivers[..] else { return None };
        let DriverSource::Stage(stage) = driver.source else { return None };
        if driver.row.is_some() || !driver.host.is_empty() || self.shared.contains(&stage) {
            return None;
        }
        let between = driver.ops.iter().map(|op| match op {
            Op::Filter(predicate) => Some(Part::Filter(predicate.clone())),
            Op::Project(items) => Some(Part::Derive(items.clone())),
            Op::Probe(_) => None,
        });
        let between = between.collect::<Option<Vec<_>>>()?;
        let Sink::Window(window) = &mut self.stages[stage].sink else { return None };
        if !window.arranges_like(wanted) {
            return None;
        }
        window.parts.extend(between.into_iter().chain(wanted.parts.iter().cloned()));
        window.any_order = wanted.any_order;
        self.stages[stage].result = result.to_vec();
        self.stages[stage].rows_out = stream.rows;
        Some(stage)
    }

    fn top_k(&mut self, top: &TopK<Encoded>) -> Stream {
        let stream = self.stream(&top.input);
        let result = stream.schema.clone();
        let kept = top.skip.saturating_add(top.count);
        let rows_out = Some(limited(stream.rows, top.count));
        let (sink, reason) = self.chooser().first(top.keys.clone(), kept);
        let stage = self.add(top.span, stream, sink, result, Some((top.skip, top.count)), rows_out);
        self.reasons[stage] = reason;
        self.read(stage)
    }

    fn take(&mut self, take: &Take<Encoded>) -> Stream {
        let stream = self.stream(&take.input);
        let stage = self.emit(take.span, stream, Some((take.skip, take.count)));
        self.read(stage)
    }

    fn union(&mut self, union: &Union<Encoded>) -> Stream {
        let mut drivers = Vec::new();
        let mut rows = Some(RowCount::at_most(0));
        for (input, ids) in &union.inputs {
            let mut stream = self.stream(input);
            assert!(ids.len() == union.columns.len(), "(C1) an input of a union lists too few or many columns");
            let renamed = |(column, id): (&SchemaColumn, &ColumnId)| {
                let from = stream.schema.iter().find(|from| from.id == *id);
                let from = from.unwrap_or_else(|| panic!("(C1) {id:?} is no column of its input of a union"));
                NamedExpr { id: column.id, expr: from.read(union.span) }
            };
            let items = union.columns.iter().zip(ids).map(renamed).collect();
            push(&mut stream.drivers, &Op::Project(items));
            drivers.append(&mut stream.drivers);
            rows = rows.and_then(|all| Some(all.plus(stream.rows?)));
        }
        Stream { drivers, schema: union.columns.clone(), rows }
    }

    fn join(&mut self, join: &Join, schema: Vec<SchemaColumn>) -> Stream {
        let build_rows = row_estimate(&join.right, self.program);
        let (sink, mut reason) = self.chooser().join(join, self.unique, build_rows);
        let keys = sink.strategy().build().unwrap_or_else(|| panic!("(P5) a join builds {sink:?}")).keys();
        let matches = keys.matches.clone();
        let is_settled = matches != Matches::Many || join.residual.is_none() || join.kind == JoinKind::Inner;
        assert!(is_settled, "a condition that decides among many matches was left in a join");
        let mut stream = self.stream(&join.left);
        let expanded = stream.drivers.iter().any(Driver::expands);
        if matches == Matches::Many && expanded {
            let stage = self.emit(join.span, stream, None);
            stream = self.read(stage);
        }
        if let Matches::One(Some(Uniqueness::Recorded(table, column))) = matches
            && !self.unique_columns.contains(&(table, column))
        {
            self.unique_columns.push((table, column));
        }
        let rows = BuildRows {
            devices: self.options.target.replicas,
            wanted: join.placement,
            forced: &self.options.forced,
            columns: &join.right.schema(),
            nulls_equal: join.nulls_equal,
            rows: build_rows,
            asking: stream.rows.map(|count| count.rows),
        };
        let (exchange, placed) = rows.choose(sink.clone());
        if placed != sink {
            reason = Reason::Shared;
        }
        let build = self.build(join, placed, exchange, reason);
        let payload = match join.kind {
            JoinKind::Semi | JoinKind::Anti if join.residual.is_none() => vec![],
            JoinKind::Inner | JoinKind::Left | JoinKind::Semi | JoinKind::Anti => self.payload(build, &join.right),
        };
        let build = self.builds[build].stage;
        let probe = Probe {
            build,
            matches,
            keys: join.on.iter().map(|(left, _)| left.clone()).collect(),
            kind: join.kind,
            payload,
            residual: join.residual.clone(),
            nulls_equal: join.nulls_equal,
            span: join.span,
        };
        if probe.matches == Matches::Many {
            stream.rows = stream.rows.map(RowCount::guessed);
        }
        push(&mut stream.drivers, &Op::Probe(probe));
        stream.schema = schema;
        stream
    }

    /// The build side of a join: one that is there already, if it holds the same.
    fn build(&mut self, join: &Join, sink: Sink, exchange: Exchange, reason: Reason) -> usize {
        let form = format!("{} {exchange:?}", build_form(join, &sink));
        if let Some(known) = self.builds.iter().position(|build| build.form == form) {
            return known;
        }
        let build = self.stream(&join.right);
        let (result, rows) = (build.schema.clone(), build.rows);
        let stage = self.add(join.right.span(), build, sink, result, None, rows);
        self.stages[stage].exchange = exchange;
        self.reasons[stage] = reason;
        let columns = join.right.schema().iter().map(|column| column.id).collect();
        self.builds.push(Build { form, stage, columns });
        self.builds.len() - 1
    }

    /// The columns of a build side as those of a plan that is equal to its own.
    fn payload(&self, build: usize, right: &Plan) -> Vec<(usize, SchemaColumn)> {
        let Build { stage, columns, .. } = &self.builds[build];
        let result = &self.stages[*stage].result;
        let named = columns.iter().zip(right.schema());
        let mut payload: Vec<_> = named.filter_map(|(id, column)| Some((find(result, *id)?, column))).collect();
        payload.sort_by_key(|(index, _)| *index);
        payload
    }
}

/// What a build side holds and how it finds it, up to the identity of columns.
fn build_form(join: &Join, sink: &Sink) -> String {
    let mut columns: Vec<ColumnId> = Vec::new();
    let mut number = |id: ColumnId| {
        let known = columns.iter().position(|column| *column == id).unwrap_or(columns.len());
        if known == columns.len() {
            columns.push(id);
        }
        ColumnId(u32::try_from(known).unwrap_or_else(|_| panic!("a plan of {known} columns")))
    };
    let plan = (*join.right).clone().without_spans().renamed(&mut number);
    let keys = join.on.iter().map(|(_, key)| {
        let read = key.columns();
        let names: Vec<_> = read.iter().map(|id| number(*id)).collect();
        let name = |id| read.iter().position(|column| *column == id).map_or(id, |at| names[at]);
        key.without_spans().renamed(&name)
    });
    let keys: Vec<_> = keys.collect();
    let dims = if let Sink::Lookup(lookup) = sink { Some(&lookup.dims) } else { None };
    let matches = sink.strategy().build().map(|build| &build.keys().matches);
    format!("{plan:?} {keys:?} {dims:?} {matches:?} {}", join.nulls_equal)
}

/// The rows of a stream of which at most `limit` are left.
fn limited(rows: Option<RowCount>, limit: u64) -> RowCount {
    rows.map_or(RowCount::at_most(limit), |rows| rows.limited(limit))
}

/// The most rows of a chunk whose rows have so many bytes.
pub(super) fn chunk_rows_of(bytes: u64) -> usize {
    let rows = 1_u64 << (MOST_CHUNK_BYTES / bytes.max(1)).max(LEAST_CHUNK_ROWS).ilog2();
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Bytes of a row in a driver's chunk.
pub(super) fn row_bytes(driver: &Driver) -> u64 {
    let read = driver.columns.iter().map(|column| (column.column.ty, column.column.nullable));
    let row = driver.row.map(|_| (Type::I64, false));
    let host = driver.host.iter().map(|item| (item.column.ty, item.column.nullable));
    read.chain(row).chain(host).map(|(ty, nullable)| ty.element().bytes() as u64 + u64::from(nullable)).sum()
}

fn push(drivers: &mut [Driver], op: &Op) {
    for driver in drivers {
        driver.ops.push(op.clone());
    }
}
