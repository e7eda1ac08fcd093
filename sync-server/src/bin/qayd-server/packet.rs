//! `packet open`: the custodian's tool. One packet, into one new folder, with the reason in the journal first.

use std::path::Path;

use qayd_crypto::cbor;
use qayd_model::PacketId;
use qayd_packet::FieldEntry;
use qayd_sync_server::{
    Centre,
    review::{Review, ReviewError, ReviewSettings},
    trust::journal,
};
use serde_json::{Value, json};

use crate::commands::Failure;

/// Opens a packet; returns what was written.
pub fn open(
    centre: &Centre,
    packet: PacketId,
    output: &Path,
    reason: &str,
) -> Result<Value, Failure> {
    let world = centre.world();
    let files = &world.files;
    if files.list(output).is_ok_and(|found| !found.is_empty()) {
        return Err(Failure::new(
            "CLI-04",
            qayd_model::Remedy::OperatorActs,
            "the folder is not empty",
        ));
    }
    let stored = centre.read_packet(packet)?;
    let (now, reason) = (centre.now(), reason.to_owned());
    centre.register().write(move |connection| {
        journal::append_in(
            connection,
            now,
            "custodian",
            "packet.open",
            &packet.to_string(),
            &reason,
        )
    })?;
    let settings = ReviewSettings::load(world, centre.folder())?;
    let review = Review::open(centre, settings)?;
    let opened = review.open_content(&stored)?;
    files.create_dir(output)?;
    let content = cbor::encode(&opened.content);
    files.write_durably(&output.join("content.cbor"), &content)?;
    // `null` where the key of the sensitive answers is kept elsewhere.
    let sensitive = match review.open_sensitive(&stored, &opened.content) {
        Ok(answers) => Some(answers),
        Err(ReviewError::NoSensitiveKey) => None,
        Err(error) => return Err(error.into()),
    };
    let text = format!(
        "{:#}",
        json!({
            "fields": values(&opened.content.fields),
            "sensitive": sensitive.as_deref().map(values),
        })
    );
    files.write_durably(&output.join("content.json"), text.as_bytes())?;
    let mut written = vec![json!({"file": "content.cbor", "bytes": content.len()})];
    for entry in &opened.content.samples {
        let bytes = review.open_sample(&stored, &opened.content, entry)?;
        let name = format!("{}.{}", entry.part, extension(&entry.media_type));
        files.write_durably(&output.join(&name), bytes.expose())?;
        written.push(json!({"file": name, "bytes": bytes.expose().len()}));
    }
    Ok(json!({
        "packet": packet.to_string(),
        "enrolment": stored.row.enrolment.to_string(),
        "version": stored.row.version,
        "operator": opened.operator.operator.to_string(),
        "files": written,
    }))
}

fn values(fields: &[FieldEntry]) -> Vec<Value> {
    fields
        .iter()
        .map(|field| json!({"number": field.number, "value": field.value}))
        .collect()
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/tiff" => "tif",
        "image/bmp" => "bmp",
        "application/pdf" => "pdf",
        _ => "bin",
    }
}
