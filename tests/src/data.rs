//! Small generated tables that hold what goes wrong: nulls, NaN, -0.0, duplicates, empty and non-ASCII text, dates before
//! 1970. The same rows every time.

use std::path::{Path, PathBuf};

use crate::{Result, duckdb};

/// Which rows of a table a run sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All of them.
    Full,
    /// None.
    Empty,
    /// The first.
    One,
    /// All of them, with null in every column that may be null.
    Nulls,
}

impl Rows {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Full, Self::Empty, Self::One, Self::Nulls];

    /// The name, as in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Empty => "empty",
            Self::One => "one",
            Self::Nulls => "nulls",
        }
    }
}

struct Generated {
    name: &'static str,
    /// Columns that are never null.
    required: &'static str,
    sql: &'static str,
}

const TABLES: [Generated; 3] = [
    // Every type; `id` is unique and ascending.
    Generated {
        name: "t",
        required: "id, n",
        sql: r"
select id::bigint as id,
       (id * 37 % 11)::integer as n,
       case when id % 7 != 3 then ['a', 'b', 'B', '', 'ä', 'ab', '日本'][1 + id * 13 % 7] end as g,
       case when id % 9 != 5 then (id * 31 % 10 - 3)::integer end as k,
       case when id % 5 != 4 then id % 3 = 0 end as b,
       case when id % 8 != 1 then (id * 17 % 256 - 128)::tinyint end as tiny,
       case when id % 8 != 2 then (id * 9973 % 60001 - 30000)::smallint end as small,
       case when id % 8 != 3 then id * 1000003 % 1999 * 1000000007 - 999000000000 end as big,
       case when id % 8 != 4 then (id * 29 % 256)::utinyint end as utiny,
       case when id % 8 != 5 then (id * 7919 % 65536)::usmallint end as usmall,
       case when id % 8 != 6 then (id * 21474837)::uinteger end as uint,
       case when id % 10 != 6 then (id * 41 % 64 - 20)::float / 4 end as real,
       case when id % 11 = 5 then 'nan'::double when id % 11 = 6 then -0.0 when id % 11 = 7 then 0.0
            when id % 11 != 8 then (id * 53 % 199 - 99)::double / 8 end as x,
       case when id % 6 != 5 then ((id * 12347 % 20011 - 9000) / 100)::decimal(9, 2) end as m,
       case when id % 13 != 5 then ((id * 777767777 % 1000000007 - 400000000) / 10000)::decimal(18, 4) end as p,
       case when id % 7 != 6 then date '1970-01-01' + (id * 997 % 30000 - 9000)::integer end as d,
       case when id % 7 != 5 then make_timestamp(id * 86399999977 * 997 % 1700000000000000 - 300000000000000) end as ts,
       case when id % 6 != 1 then
         ['', 'x', 'naïve', 'Straße', '50% off', 'under_score', 'tab\tbed', '日本語', ' padded ', 'ZEBRA'][1 + id * 7 % 10]
         || case when id % 3 = 0 then (id % 17)::varchar else '' end end as s
from range(200) as r(id)",
    },
    // One row per key.
    Generated {
        name: "dim",
        required: "key, name",
        sql: r"
select (key - 2)::integer as key, ['zero', 'one', 'two', 'three', 'Four', 'fünf', 'six', ''][1 + key] as name,
       case when key != 3 then key * 1.5::double end as weight, case when key % 3 != 1 then chr(97 + key::integer) end as letter
from range(8) as r(key)",
    },
    // Several rows per key, some keys null, some in no other table.
    Generated {
        name: "many",
        required: "seq",
        sql: r"
select seq::bigint as seq, case when seq % 6 != 5 then (seq * 5 % 9 - 4)::integer end as key,
       case when seq % 4 != 2 then ['a', 'b', '', 'ä'][1 + seq * 3 % 4] end as tag, case when seq % 5 != 0 then seq * 11 % 37 end as v
from range(40) as r(seq)",
    },
];

/// Generated tables as Parquet files in one folder, and the real ones of the cache.
#[derive(Debug)]
pub struct Data {
    folder: tempfile::TempDir,
}

impl Data {
    /// Writes every table in every choice of rows.
    pub fn generate() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for table in TABLES {
            for rows in Rows::ALL {
                let path = path_in(folder.path(), table.name, rows);
                let Generated { sql, required, .. } = table;
                let sql = match rows {
                    Rows::Full => format!("{sql} order by 1"),
                    Rows::Empty => format!("from ({sql}) where false"),
                    Rows::One => format!("{sql} order by 1 limit 1"),
                    Rows::Nulls => format!(
                        "select {required}, case when false then columns(* exclude ({required})) end from ({sql}) order by 1"
                    ),
                };
                duckdb::query(&format!("copy ({sql}) to '{}' (format parquet, row_group_size 64)", path.display()))?;
            }
        }
        Ok(Self { folder })
    }

    /// The file of a generated table.
    #[must_use]
    pub fn path(&self, table: &str, rows: Rows) -> PathBuf {
        path_in(self.folder.path(), table, rows)
    }

    /// A folder for what tests write.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }
}

fn path_in(folder: &Path, table: &str, rows: Rows) -> PathBuf {
    folder.join(format!("{table}.{}.parquet", rows.name()))
}
