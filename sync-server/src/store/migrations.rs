//! The register's tables, step by numbered step.
//!
//! In: an open database. Out: the same, with every step applied once, in order.
//! Owns: table `migration`. Never: alters a step that was released; a new need is a new step.
//!
//! Each step's SQL lies beside the module that owns its tables; this list only puts them in order.

use rusqlite::{Connection, TransactionBehavior};

use super::RegisterError;

/// One step. Its text is remembered, so that a later change to it is noticed.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Ascending, never used twice.
    pub number: u32,
    /// The SQL, any number of statements.
    pub sql: &'static str,
}

pub(super) const ALL: &[Migration] = &[
    Migration {
        number: 1,
        sql: include_str!("../trust/schema.sql"),
    },
    Migration {
        number: 2,
        sql: include_str!("../intake/schema.sql"),
    },
    Migration {
        number: 3,
        sql: include_str!("../work/schema.sql"),
    },
    Migration {
        number: 4,
        sql: include_str!("../dispatch/schema.sql"),
    },
    Migration {
        number: 10,
        sql: include_str!("../review/schema.sql"),
    },
    Migration {
        number: 11,
        sql: include_str!("../decision/schema.sql"),
    },
    Migration {
        number: 12,
        sql: include_str!("../staff/schema.sql"),
    },
    Migration {
        number: 13,
        sql: include_str!("../console/schema.sql"),
    },
];

pub(super) fn apply(connection: &mut Connection, steps: &[Migration]) -> Result<(), RegisterError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
             number INTEGER PRIMARY KEY,
             sql    TEXT NOT NULL
         ) STRICT",
    )?;
    let applied = {
        let mut statement = transaction.prepare("SELECT number, sql FROM migration")?;
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(u32, String)>, _>>()?
    };
    for (number, sql) in &applied {
        let known = steps.iter().find(|step| step.number == *number);
        if known.is_none_or(|step| step.sql != sql) {
            return Err(RegisterError::ForeignMigration { number: *number });
        }
    }
    for step in steps {
        if applied.iter().any(|(number, _)| *number == step.number) {
            continue;
        }
        transaction.execute_batch(step.sql)?;
        transaction.execute(
            "INSERT INTO migration (number, sql) VALUES (?1, ?2)",
            (step.number, step.sql),
        )?;
    }
    transaction.commit()?;
    Ok(())
}
