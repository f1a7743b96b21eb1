//! Types as written: `i64`, `decimal(9, 2)`.

use super::builder::Builder;
use super::codes;
use dj_grammar::{Diagnostic, ast, nearest};
use dj_runtime::types::{MAX_PRECISION, Type};

const NAMED: [(&str, Type); 15] = [
    ("bool", Type::Bool),
    ("i8", Type::I8),
    ("i16", Type::I16),
    ("i32", Type::I32),
    ("i64", Type::I64),
    ("u8", Type::U8),
    ("u16", Type::U16),
    ("u32", Type::U32),
    ("u64", Type::U64),
    ("f32", Type::F32),
    ("f64", Type::F64),
    ("date", Type::Date),
    ("timestamp", Type::Timestamp),
    ("duration", Type::Duration),
    ("str", Type::Str),
];

/// What people who know other languages write, and what it is called here.
const FOREIGN: [(&str, &str); 16] = [
    ("int", "i64"),
    ("integer", "i64"),
    ("bigint", "i64"),
    ("int64", "i64"),
    ("int32", "i32"),
    ("float", "f64"),
    ("double", "f64"),
    ("float64", "f64"),
    ("float32", "f32"),
    ("boolean", "bool"),
    ("string", "str"),
    ("text", "str"),
    ("varchar", "str"),
    ("datetime", "timestamp"),
    ("interval", "duration"),
    ("numeric", "decimal(18, 2)"),
];

impl Builder<'_> {
    /// The type that is written; nullability aside.
    pub(super) fn type_named(&mut self, ty: &ast::TypeExpr) -> Option<Type> {
        let name = ty.name.node.as_str();
        if name == "decimal" {
            return self.decimal_named(ty);
        }
        let Some((_, found)) = NAMED.iter().find(|(known, _)| *known == name) else {
            self.report(unknown_type(ty));
            return None;
        };
        if !ty.arguments.is_empty() {
            self.report(
                Diagnostic::error(codes::UNKNOWN_TYPE, format!("`{name}` takes no arguments"))
                    .label(ty.span, "only decimals have a precision and a scale"),
            );
            return None;
        }
        Some(*found)
    }

    fn decimal_named(&mut self, ty: &ast::TypeExpr) -> Option<Type> {
        let limit = u64::from(MAX_PRECISION);
        if let [precision, scale] = ty.arguments.as_slice()
            && (1..=limit).contains(&precision.node)
            && scale.node <= precision.node
        {
            let small = |number: u64| u8::try_from(number).unwrap_or(MAX_PRECISION);
            return Some(Type::Decimal { precision: small(precision.node), scale: small(scale.node) });
        }
        self.report(
            match ty.arguments.as_slice() {
                [precision, _] if precision.node > limit => {
                    Diagnostic::error(codes::UNKNOWN_TYPE, format!("a decimal has at most {MAX_PRECISION} digits"))
                        .label(ty.span, format!("this has {}", precision.node))
                }
                [precision, scale] if scale.node > precision.node => {
                    Diagnostic::error(codes::UNKNOWN_TYPE, "a decimal has no more digits after the point than in all")
                        .label(ty.span, format!("{} of {}", scale.node, precision.node))
                }
                _ => Diagnostic::error(codes::UNKNOWN_TYPE, "a decimal has a precision and a scale").label(
                    ty.span,
                    format!("a precision of 1 to {MAX_PRECISION}, and a scale of at most the precision"),
                ),
            }
            .help("`decimal(9, 2)` has nine digits, two of them after the point"),
        );
        None
    }
}

fn unknown_type(ty: &ast::TypeExpr) -> Diagnostic {
    let name = ty.name.node.as_str();
    let diagnostic = Diagnostic::error(codes::UNKNOWN_TYPE, format!("unknown type `{name}`")).label(ty.name.span, "");
    let lower = name.to_lowercase();
    let here = FOREIGN.iter().find(|(foreign, _)| *foreign == lower).map(|(_, here)| *here);
    let near = || nearest(name, NAMED.iter().map(|(known, _)| *known).chain(["decimal"]));
    match here.or_else(near) {
        Some(known) => diagnostic.help(format!("did you mean `{known}`?")),
        None => diagnostic
            .help("types are bool, i8 to i64, u8 to u64, f32, f64, date, timestamp, duration, decimal(p, s), str"),
    }
}
