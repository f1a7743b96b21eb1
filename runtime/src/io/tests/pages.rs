//! Every error has a page that quotes it as it is.

use super::*;
use crate::columns::DictionaryError;
use crate::io::IoErrorKind;

fn quoted(page: &str) -> Vec<&str> {
    page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("text\n")).map(str::trim).collect()
}

fn fare(ty: Type, nullable: bool) -> [Field; 1] {
    [field("fare", ty, nullable)]
}

/// What the examples of the pages give, with their code.
fn examples(directory: &Path) -> Vec<(&'static str, String)> {
    let put = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let i64 = fare(Type::I64, false);
    let mut errors = vec![
        error(&directory.join("trip.csv"), &i64),
        error(&put("trips.parquet", "fare\n"), &i64),
        error(&put("trips.csv", ""), &i64),
        error(&put("trips.csv", "far\n1\n"), &i64),
        error(&put("trips.csv", "fare,a\n1,\n,\n"), &i64),
        error(&put("trips.csv", "fare\n1\n2\nabc\n"), &i64),
        error(&put("trips.xlsx", "text"), &i64),
    ];
    put("a.csv", "fare\n1\n");
    put("b.csv", "fee\n1\n");
    errors.push(error(&directory.join("[ab].csv"), &i64));
    let path = directory.join("trips.parquet");
    let floats = fixture(vec![(field("fare", Type::F64, false), vec![])]);
    floats.write(&path).unwrap();
    errors.push(error(&path, &fare(Type::I32, false)));
    errors.push(floats.write(&directory.join("result.json")).unwrap_err());
    errors.push(floats.write(&directory.join("nowhere/result.csv")).unwrap_err());
    let denied = std::io::Error::from_raw_os_error(13);
    errors.push(IoError::unreadable(&path, &denied));
    let place = format!("{}/", directory.display());
    let mut examples: Vec<_> =
        errors.into_iter().map(|error| (error.kind.code().0, error.message.replace(&place, ""))).collect();
    examples.push((IoErrorKind::DictionaryFull.code().0, DictionaryError.to_string()));
    examples
}

#[test]
fn every_page_quotes_its_error() {
    let directory = tempfile::tempdir().unwrap();
    let examples = examples(directory.path());
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    for number in 401..=411 {
        let code = format!("DJ{number:04}");
        let page = std::fs::read_to_string(pages.join(format!("{code}.md"))).unwrap();
        let quoted = quoted(&page);
        assert!(!quoted.is_empty(), "{code} shows nothing");
        for message in quoted {
            let given = examples.iter().any(|(of, example)| *of == code && example.starts_with(message));
            assert!(given, "{code}: nothing gives `{message}`; {examples:#?}");
        }
    }
}
