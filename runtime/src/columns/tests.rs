//! Tables, dictionaries and host tables.

use super::host_tables::follows_texts;
use super::*;
use crate::artifact::{ChunkColumn, HostTable, HostTableKind, StringDomain};
use crate::expr::{ColumnId, Expr};
use crate::types::Type;
use dj_grammar::Span;

fn column<T: Native>(values: &[T], validity: Option<&[u8]>) -> Column {
    let validity = validity.map(AlignedBytes::from_slice);
    Column { element: T::ELEMENT, values: AlignedBytes::from_slice(values), validity }
}

fn wanted(column: usize, element: Element, nullable: bool) -> ChunkColumn {
    ChunkColumn { column, element, nullable }
}

#[test]
fn memory_is_aligned() {
    for length in [1, 63, 4096] {
        let bytes = AlignedBytes::zeroed(length);
        assert_eq!(bytes.as_ptr().align_offset(64), 0);
        assert_eq!(bytes.len(), length);
    }
}

#[test]
fn masks_keep_rows() {
    let mut builder = TableBuilder::new([(Element::S64, true), (Element::S16, false), (Element::F32, true)]);
    let columns = [
        column(&[1_i64, 2, 3, 4], Some(&[1, 0, 1, 1])),
        column(&[10_i16, 20, 30, 40], None),
        column(&[0.5_f32, 1.5, 2.5, 3.5], None),
    ];
    builder.push_masked(&columns, &[0, 1, 0, 1]);
    builder.push_masked(&columns, &[0, 0, 0, 0]);
    builder.push(&columns, 1);
    builder.push_masked(&columns[..], &[1, 1, 1, 1]);
    let table = builder.finish();
    assert_eq!(table.rows, 7);
    assert_eq!(table.columns[0], column(&[2_i64, 4, 1, 1, 2, 3, 4], Some(&[0, 1, 1, 1, 0, 1, 1])));
    assert_eq!(table.columns[1], column(&[20_i16, 40, 10, 10, 20, 30, 40], None));
    assert_eq!(table.columns[2].validity.as_deref(), Some(&[1; 7][..]));
    let cut = table.slice(2, 3);
    assert_eq!(cut.columns[1], column(&[10_i16, 10, 20], None));
    assert_eq!(cut.clone().slice(9, 9).rows, 0);
    assert_eq!(cut.clone().slice(0, u64::MAX), cut);
}

#[test]
fn tables_are_cut_into_chunks() {
    let table = Table { columns: vec![column(&[1_i64, -2, 1 << 40], Some(&[1, 1, 0]))], rows: 3 };
    let mut store = RowStore::new([(Element::S64, true)]);
    store.push(table);
    let columns = [wanted(0, Element::S32, true), wanted(0, Element::S64, true)];
    let chunks: Vec<_> = store.chunks(&columns, 2).collect::<Result<_, _>>().unwrap();
    assert_eq!(chunks.iter().map(|chunk| (chunk.rows, chunk.start)).collect::<Vec<_>>(), [(2, 0), (1, 2)]);
    assert_eq!(chunks[0].columns[0], column(&[1_i32, -2], Some(&[1, 1])));
    assert_eq!(chunks[1].columns[0], column(&[0_i32, 0], Some(&[0, 0])));
    let unsigned = [wanted(0, Element::U8, true)];
    let error = store.chunks(&unsigned, 2).next().unwrap().unwrap_err();
    assert_eq!((error.column, error.row), (0, 1));
    let full = [wanted(0, Element::S64, false)];
    let error = store.chunks(&full, 8).next().unwrap().unwrap_err();
    assert_eq!(error.row, 2);
}

#[test]
fn dictionaries_number_texts_in_order() {
    let mut dictionary = Dictionary::default();
    assert_eq!(dictionary.code("x"), None);
    for round in 0..2 {
        for number in 0..10_000 {
            assert_eq!(dictionary.intern(&format!("text {number}")).unwrap(), number, "round {round}");
        }
    }
    assert_eq!(dictionary.intern("").unwrap(), 10_000);
    assert_eq!(dictionary.value(77), "text 77");
    assert_eq!(dictionary.code("text 9999"), Some(9_999));
    assert_eq!(dictionary.code("text"), None);
    assert_eq!(dictionary.values().nth(3), Some("text 3"));
}

#[test]
fn appended_texts_are_found() {
    let mut dictionary = Dictionary::default();
    for number in 0..100 {
        dictionary.append(&format!("{number}")).unwrap();
    }
    assert_eq!(dictionary.code("42"), Some(42));
    assert_eq!(dictionary.intern("x").unwrap(), 100);
    assert_eq!(dictionary.intern("42").unwrap(), 42);
    dictionary.append("y").unwrap();
    assert_eq!(dictionary.code("y"), Some(101));
    assert_eq!(dictionary.code("z"), None);
}

fn function(domain: usize, result_domain: Option<usize>, can_fail: bool) -> HostTable {
    let expr = Expr::column(ColumnId(0), Type::Str, false, Span::default());
    let element = if result_domain.is_some() { Element::S32 } else { Element::S64 };
    HostTable { domain, kind: HostTableKind::Function { expr, result_domain }, element, nullable: false, can_fail }
}

fn literals(texts: &[&str]) -> Vec<StringDomain> {
    vec![StringDomain { literals: texts.iter().map(|text| (*text).to_owned()).collect() }]
}

#[test]
fn derived_texts_do_not_feed_their_own_table() {
    // Each appends to what it reads, in the domain that it reads: alone it would never end.
    let mut dictionaries = Dictionaries::new(&literals(&["a"])).unwrap();
    let mut tables = HostTables::new(&[function(0, Some(0), false), function(0, Some(0), false)]);
    let evaluate: Evaluate<'_> = &|_, column| {
        let Scalar::Str(text) = column(ColumnId(0)) else { panic!("text") };
        Ok(Scalar::str(&format!("{text}+")))
    };
    tables.update_with(&mut dictionaries, u64::MAX, evaluate).unwrap();
    // Table 0 serves `a`; table 1 serves `a` and what table 0 made of it.
    let texts: Vec<_> = dictionaries.domain(0).values().collect();
    assert_eq!(texts, ["a", "a+", "a++"]);
    let entry =
        |tables: &HostTables, table: usize, code: usize| tables.arrays(table).column.values.as_slice::<i32>()[code];
    assert_eq!(entry(&tables, 0, 0), 1);
    assert_eq!((entry(&tables, 1, 0), entry(&tables, 1, 1)), (1, 2));
    let version = tables.arrays(0).version;
    tables.update_with(&mut dictionaries, u64::MAX, evaluate).unwrap();
    assert_eq!(tables.arrays(0).version, version, "nothing new");
    // An input brings a text that a table made before: now table 0 serves it, and table 1 what comes of it.
    dictionaries.intern(0, "a++", INPUT).unwrap();
    tables.update_with(&mut dictionaries, u64::MAX, evaluate).unwrap();
    let texts: Vec<_> = dictionaries.domain(0).values().collect();
    assert_eq!(texts, ["a", "a+", "a++", "a+++", "a++++"]);
    assert_eq!(entry(&tables, 0, 2), 3);
    assert_eq!(entry(&tables, 1, 3), 4);
    assert_eq!(tables.arrays(1).column.len(), 5);
}

#[test]
fn failures_are_marked() {
    let mut dictionaries = Dictionaries::new(&literals(&["1", "x"])).unwrap();
    let parse: Evaluate<'_> = &|_, column| match column(ColumnId(0)) {
        Scalar::Str(text) => text.parse().map(Scalar::Int).map_err(|_| "no number".to_owned()),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_) => Ok(Scalar::Null),
    };
    let mut tables = HostTables::new(&[function(0, None, true)]);
    tables.update_with(&mut dictionaries, u64::MAX, parse).unwrap();
    let (column, failed) = tables.arrays(0).padded(4);
    assert_eq!(column.values.as_slice::<i64>(), [1, 0, 0, 0]);
    assert_eq!(failed.as_deref(), Some(&[0, 1, 0, 0][..]));
    let error =
        HostTables::new(&[function(0, None, false)]).update_with(&mut dictionaries, u64::MAX, parse).unwrap_err();
    assert_eq!(error.to_string(), "host table 0 failed for `x`: no number");
}

#[test]
fn ranks_follow_the_bytes() {
    let mut dictionaries = Dictionaries::new(&literals(&["b", "a", "ä"])).unwrap();
    let order = |kind| HostTable { domain: 0, kind, element: Element::S32, nullable: false, can_fail: false };
    let mut tables = HostTables::new(&[order(HostTableKind::Rank), order(HostTableKind::Unrank)]);
    let never: Evaluate<'_> = &|_, _| Err("not asked".to_owned());
    tables.update_with(&mut dictionaries, u64::MAX, never).unwrap();
    let values = |tables: &HostTables, table: usize| tables.arrays(table).column.values.as_slice::<i32>().to_vec();
    assert_eq!(values(&tables, 0), [1, 0, 2]);
    assert_eq!(values(&tables, 1), [1, 0, 2]);
    dictionaries.intern(0, "aa", INPUT).unwrap();
    tables.update_with(&mut dictionaries, u64::MAX, never).unwrap();
    assert_eq!(values(&tables, 0), [2, 0, 3, 1]);
    assert_eq!(values(&tables, 1), [1, 3, 0, 2]);
}

#[test]
fn ranks_that_follow_codes_are_found() {
    let dictionaries = Dictionaries::new(&literals(&["b", "a", "ä"])).unwrap();
    let follows = |kind: HostTableKind, values: &[i32]| follows_texts(&kind, values, dictionaries.domain(0));
    for kind in [HostTableKind::Rank, HostTableKind::Unrank] {
        assert!(follows(kind.clone(), &[1, 0, 2]));
        assert!(!follows(kind.clone(), &[0, 1, 2]), "the order of the codes");
        assert!(!follows(kind.clone(), &[1, 1, 2]), "a rank twice");
        assert!(!follows(kind.clone(), &[1, 0, 3]), "a rank that is none");
        assert!(!follows(kind.clone(), &[-1, 0, 2]));
        assert!(!follows(kind, &[1, 0]), "a text without a rank");
    }
}
