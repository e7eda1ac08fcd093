//! What the service says, held against the published schemas: every key known, every required key there, every closed list kept.
//!
//! Twice: by a small reader of JSON Schema in this file (type, properties, required, additionalProperties, enum, minLength,
//! minItems, items), which runs everywhere; and by a public implementation of the whole of it, with patterns and
//! conditions, where `QAYD_ORACLES` names a Python that has jsonschema (`./x test` makes one).
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test ends where it is wrong, and its files need not be durable"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use qayd_sbi_simulator::{DeviceKind, Keys, Options, Simulator};
use qayd_world::OsClock;
use serde_json::{Value, json};

fn schema(name: &str) -> Value {
    let file = format!(
        "{}/tests/schemas/{name}Schema.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Everything about `value` that the schema does not allow.
fn faults(value: &Value, schema: &Value, root: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/definitions/");
        faults(value, &root["definitions"][name], root, path, found);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.is_empty() && !types.contains(&kind) {
        found.push(format!("{path} is {kind}, not {types:?}"));
    }
    if let Some(list) = schema["enum"].as_array()
        && !list.contains(value)
    {
        found.push(format!("{path} is {value}, not of {list:?}"));
    }
    if let (Some(text), Some(least)) = (value.as_str(), schema["minLength"].as_u64())
        && (text.len() as u64) < least
    {
        found.push(format!("{path} is too short"));
    }
    if let Some(object) = value.as_object() {
        let properties = schema["properties"].as_object();
        for (key, inner) in object {
            match properties.and_then(|p| p.get(key)) {
                Some(known) => faults(inner, known, root, &format!("{path}.{key}"), found),
                None if schema["additionalProperties"] == json!(false) => {
                    found.push(format!("{path} has an unknown key {key}"));
                }
                None => {}
            }
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(key.as_str().unwrap()) {
                found.push(format!("{path} lacks {key}"));
            }
        }
    }
    if let Some(list) = value.as_array() {
        if (list.len() as u64) < schema["minItems"].as_u64().unwrap_or(0) {
            found.push(format!("{path} is too short"));
        }
        // The published files mean each item and say the first.
        let each = match &schema["items"] {
            Value::Array(first) => first.first(),
            Value::Null => None,
            one => Some(one),
        };
        for (at, item) in list.iter().enumerate() {
            if let Some(each) = each {
                faults(item, each, root, &format!("{path}[{at}]"), found);
            }
        }
    }
}

/// Messages that were heard, each with the name of its schema.
type Heard = Vec<(&'static str, Value)>;

/// Fails where a message does not fit its schema, by either reader.
fn check(heard: &Heard) {
    let mut found = Vec::new();
    for (name, message) in heard {
        let schema = schema(name);
        faults(message, &schema, &schema, name, &mut found);
    }
    assert!(found.is_empty(), "{found:#?}");
    let Some(python) = qayd_oracles::python() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    for (number, (name, message)) in heard.iter().enumerate() {
        let file = dir.path().join(format!("{number:03}.{name}.json"));
        std::fs::write(file, message.to_string()).unwrap();
    }
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let checked = Command::new(python)
        .arg(tests.join("check_messages.py"))
        .args([tests.join("schemas"), dir.path().to_owned()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    let failed = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}{failed}");
    assert_eq!(said.trim(), format!("{} messages fit", heard.len()));
}

fn ask(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Value {
    let mut stream = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).unwrap()
}

/// The content of a signed message; who signed is for the client's tests.
fn payload(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn request(kind: &str, sub_id: &str, names: &[&str], purpose: &str) -> Value {
    let mut request = json!({
        "env": "Developer", "purpose": purpose, "specVersion": "0.9.5", "timeout": "5000",
        "captureTime": "2026-11-26T08:30:00Z", "transactionId": "test-1234",
        "bio": [{
            "type": kind, "count": names.len().max(1).to_string(), "bioSubType": names, "requestedScore": "60",
            "deviceId": format!("qayd-{}", kind.to_lowercase()), "deviceSubId": sub_id, "previousHash": "",
        }],
        "customOpts": null,
    });
    if purpose == "Auth" {
        request["domainUri"] = "https://verifier.invalid".into();
    }
    request
}

fn simulator() -> Simulator {
    let options = Options {
        thumbnail: true,
        ..Options::default()
    };
    Simulator::start(options, Keys::make(&OsClock::default()).unwrap()).unwrap()
}

#[test]
fn every_message_fits_its_schema() {
    let simulator = simulator();
    let mut heard = Heard::new();
    let mut list = ask(
        &simulator,
        "MOSIPDISC",
        "/device",
        &json!({ "type": "Biometric Device" }),
    );
    assert_eq!(list.as_array().unwrap().len(), DeviceKind::ALL.len());
    for device in list.as_array_mut().unwrap() {
        let id = URL_SAFE_NO_PAD
            .decode(device["digitalId"].as_str().unwrap())
            .unwrap();
        device["digitalIdDecoded"] = serde_json::from_slice(&id).unwrap();
    }
    heard.push(("DiscoverResponse", list));

    let mut information = ask(&simulator, "MOSIPDINFO", "/info", &json!({}));
    for device in information.as_array_mut().unwrap() {
        let mut decoded = payload(&device["deviceInfo"]);
        decoded["digitalIdDecoded"] = payload(&decoded["digitalId"]);
        device["deviceInfoDecoded"] = decoded;
    }
    heard.push(("DeviceInfoReadyResponse", information));

    for (kind, sub_id, names) in [
        ("Finger", "1", vec!["Left IndexFinger", "Left LittleFinger"]),
        ("Finger", "3", vec!["Left Thumb", "Right Thumb"]),
        ("Iris", "3", vec!["Left", "Right"]),
        ("Face", "0", vec![]),
    ] {
        for (method, purpose, schema) in [
            ("RCAPTURE", "Registration", "RegistrationCaptureResponse"),
            ("CAPTURE", "Auth", "AuthCaptureResponse"),
        ] {
            let sub_id = if purpose == "Auth" { "0" } else { sub_id };
            let asked = request(kind, sub_id, &names, purpose);
            let mut answer = ask(&simulator, method, "/capture", &asked);
            let entries = answer["biometrics"].as_array_mut().unwrap();
            assert_eq!(entries.len(), names.len().max(1), "{method} {kind}");
            for entry in entries {
                let mut decoded = payload(&entry["data"]);
                decoded["digitalIdDecoded"] = payload(&decoded["digitalId"]);
                entry["dataDecoded"] = decoded;
            }
            heard.push((schema, answer));
        }
    }
    check(&heard);
}

#[test]
fn every_error_fits_its_schema() {
    let simulator = simulator();
    let mut heard = Heard::new();
    let good = request("Finger", "1", &["Left IndexFinger"], "Registration");
    let with = |key: &str, value: Value| {
        let mut request = good.clone();
        request[key] = value;
        ask(&simulator, "RCAPTURE", "/capture", &request)
    };
    let with_bio = |key: &str, value: Value| {
        let mut request = good.clone();
        request["bio"][0][key] = value;
        ask(&simulator, "RCAPTURE", "/capture", &request)
    };
    for (answer, number) in [
        (with("transactionId", json!("a b")), "112"),
        (with("transactionId", json!("abc")), "112"),
        (with("env", json!("Production")), "116"),
        (with("purpose", json!("Auth")), "114"),
        (with("specVersion", json!("0.9.2")), "115"),
        (with("bio", json!([])), "109"),
        (with_bio("deviceId", json!("another")), "106"),
        (with_bio("type", json!("Iris")), "113"),
        (with_bio("count", json!("3")), "109"),
        (with_bio("bioSubType", json!(["Right IndexFinger"])), "109"),
        (ask(&simulator, "RCAPTURE", "/capture", &json!("?")), "117"),
    ] {
        assert_eq!(answer["biometrics"][0]["error"]["errorCode"], number);
        heard.push(("ErrorCaptureResponse", answer));
    }
    assert_eq!(
        ask(&simulator, "RCAPTURE", "/capture", &good)["biometrics"][0]["error"]["errorCode"],
        "0"
    );
    simulator.admin("unplug", &json!(null)).unwrap();
    let list = ask(
        &simulator,
        "MOSIPDISC",
        "/device",
        &json!({ "type": "Finger" }),
    );
    heard.push(("DiscoverResponseError", list));
    check(&heard);
}

#[test]
fn the_reader_of_schemas_says_no() {
    let found = |value: Value| {
        let schema = schema("DiscoverResponseError");
        let mut found = Vec::new();
        faults(&value, &schema, &schema, "list", &mut found);
        found.len()
    };
    let good = json!([{ "error": { "errorCode": "202", "errorInfo": "No device connected" } }]);
    assert_eq!(found(good.clone()), 0);
    assert!(found(json!([])) > 0);
    assert!(found(json!([{}])) > 0);
    assert!(found(json!({})) > 0);
    let mut more = good.clone();
    more[0]["colour"] = "grey".into();
    assert!(found(more) > 0);
    let mut empty = good;
    empty[0]["error"]["errorInfo"] = "".into();
    assert!(found(empty) > 0);
}

#[test]
fn admin_verbs_say_what_is_wrong_with_them() {
    let simulator = simulator();
    for (verb, body) in [
        ("status", json!({ "type": "Toe", "deviceStatus": "Busy" })),
        (
            "status",
            json!({ "type": "Finger", "deviceStatus": "Asleep" }),
        ),
        ("score", json!({ "qualityScore": "101" })),
        ("delay", json!({ "delay": "soon" })),
        ("delay", json!({ "delay": "5", "method": ["EAT"] })),
        ("person", json!({ "seed": 1, "missing": ["Sixth"] })),
        ("fault", json!({ "fault": "everything" })),
        ("dance", json!(null)),
    ] {
        assert!(simulator.admin(verb, &body).is_err(), "{verb} {body}");
    }
    let state = simulator
        .admin("fault", &json!({ "fault": "bad_signature", "times": 2 }))
        .unwrap();
    assert_eq!(state["faults"][0]["times"], 2);
    let state = simulator.admin("good", &json!(null)).unwrap();
    assert_eq!(state["faults"], json!([]));
}
