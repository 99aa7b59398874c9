//! The reference of operations, as published: written from the table.

use crate::json::Writer;
use crate::ops::table;

/// All public operations with their documentation, as JSON.
pub(super) fn reference() -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.key("operations");
    w.begin_list();
    for (family, row) in table().filter(|(_, row)| row.is_public()) {
        w.begin_object();
        let example = row.cases.first().map_or(row.signature, |case| case.0);
        let texts = [
            ("name", row.name),
            ("family", family),
            ("signature", row.signature),
            ("summary", row.summary),
            ("shape", row.shape),
            ("derivative", row.derivative),
            ("kinks", row.kinks),
            ("undefined", row.undefined),
            ("example", example),
        ];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            w.key(key);
            w.string(text);
        }
        if !row.aliases.is_empty() {
            w.key("aliases");
            w.begin_list();
            row.aliases.iter().for_each(|alias| w.string(alias));
            w.end_list();
        }
        w.end_object();
    }
    w.end_list();
    w.end_object();
    String::from_utf8(w.finish()).unwrap_or_default()
}
