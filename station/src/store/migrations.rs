//! Numbered migrations. `PRAGMA user_version` holds the number of the last one applied.
//!
//! Each is a file, applied once, in its own transaction with the number. A released file never changes; a change is a
//! new file. Before the first release they may still be edited.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// In order; the position plus one is the schema number.
const MIGRATIONS: [(&str, &str); 2] = [
    // settings, operators, audit, drafts, enrolments
    ("001-station", include_str!("migrations/001-station.sql")),
    // capture, outbox, receipts, inbox, watch
    ("002-river", include_str!("migrations/002-river.sql")),
];

/// Brings the schema up to date.
///
/// # Errors
/// [`StoreError::NewerSchema`] when a newer program wrote the file; nothing is changed then.
pub(super) fn apply(connection: &mut Connection) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as u32;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (index, (name, sql)) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", index as u32 + 1)?;
        tx.commit()?;
        tracing::info!(migration = name, "schema brought up to date");
    }
    Ok(())
}
