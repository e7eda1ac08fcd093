//! A procedure pack on its way from the centre to a station.

use minicbor::{Decode, Encode};
use qayd_crypto::Namespace;

use crate::{
    Message, MessageError,
    messages::{SignedMessage, limit, texts},
};

/// A procedure pack with the code tables that it uses. Signed by the centre.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PackBundle {
    /// The pack's id.
    #[n(1)]
    pub id: String,
    /// The pack's version.
    #[n(2)]
    pub version: u32,
    /// The pack file, TOML.
    #[n(3)]
    pub pack: String,
    /// The code tables that it names, in ascending name.
    #[n(4)]
    pub tables: Vec<CodeTableFile>,
}

/// One code table.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CodeTableFile {
    /// Its name.
    #[n(1)]
    pub name: String,
    /// The table's file, TOML.
    #[n(2)]
    pub table: String,
}

impl Message for PackBundle {
    const NAME: &'static str = "pack-bundle";
    const LIMIT: usize = 2 * 1024 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("tables", self.tables.len() <= 64)?;
        limit::<Self>(
            "order of tables",
            self.tables.is_sorted_by(|a, b| a.name < b.name),
        )?;
        let names = self
            .tables
            .iter()
            .map(|table| &table.name)
            .chain([&self.id]);
        texts::<Self>("names", names.map(String::as_str))
    }
}

impl SignedMessage for PackBundle {
    const NAMESPACE: Namespace = Namespace::Pack;
}
