//! A printer that speaks IPP over HTTP on a port of this computer, written from RFC 8010 and RFC 8011: it shares no code
//! with what prints. And the slip, from the seal to the paper.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use qayd_model::pack::Language;
use qayd_ui::slip::print::send;
use qayd_window::{App, Said, Settings, Slip};
use slint::ComponentHandle;

use crate::demo::{Demo, Screen};
use crate::enrols::{begin, work_through};

const PRINT_JOB: u16 = 0x0002;
const GET_PRINTER_ATTRIBUTES: u16 = 0x000b;
const OK: u16 = 0x0000;
const NOT_ACCEPTING_JOBS: u16 = 0x0506;
const OPERATION_NOT_SUPPORTED: u16 = 0x0501;

/// A job as it arrived.
pub struct Job {
    pub name: String,
    pub format: String,
    pub document: Vec<u8>,
}

/// What a printer is like.
#[derive(Clone, Copy)]
pub struct Kind {
    pub formats: &'static [&'static str],
    pub takes_jobs: bool,
}

pub const WORKS: Kind = Kind {
    formats: &["image/pwg-raster", "application/pdf"],
    takes_jobs: true,
};

pub struct Printer {
    pub address: String,
    pub jobs: Arc<Mutex<Vec<Job>>>,
}

impl Printer {
    pub fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let jobs: Arc<Mutex<Vec<Job>>> = Arc::default();
        let kept = jobs.clone();
        std::thread::spawn(move || {
            // One connection at a time, as small printers do.
            for stream in listener.incoming().flatten() {
                serve(stream, kind, &kept);
            }
        });
        Self {
            address: format!("ipp://127.0.0.1:{port}/ipp/print"),
            jobs,
        }
    }
}

/// Requests of one connection, until it ends.
fn serve(stream: TcpStream, kind: Kind, jobs: &Mutex<Vec<Job>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(body) = http_request(&mut reader) {
        let (operation, id, attributes, document) = ipp_request(&body);
        let of = |name: &str| {
            let found = attributes.iter().find(|(n, _)| n == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let mut answer = vec![2, 0];
        let status = match operation {
            GET_PRINTER_ATTRIBUTES => OK,
            PRINT_JOB if kind.takes_jobs => {
                jobs.lock().unwrap().push(Job {
                    name: of("job-name"),
                    format: of("document-format"),
                    document,
                });
                OK
            }
            PRINT_JOB => NOT_ACCEPTING_JOBS,
            _ => OPERATION_NOT_SUPPORTED,
        };
        answer.extend(status.to_be_bytes());
        answer.extend(id.to_be_bytes());
        answer.push(1);
        attribute(&mut answer, 0x47, "attributes-charset", b"utf-8");
        attribute(&mut answer, 0x48, "attributes-natural-language", b"en");
        if operation == GET_PRINTER_ATTRIBUTES {
            answer.push(4);
            for (n, format) in kind.formats.iter().enumerate() {
                let name = if n == 0 {
                    "document-format-supported"
                } else {
                    ""
                };
                attribute(&mut answer, 0x49, name, format.as_bytes());
            }
        } else if status == OK {
            answer.push(2);
            attribute(&mut answer, 0x21, "job-id", &1_i32.to_be_bytes());
            attribute(&mut answer, 0x23, "job-state", &3_i32.to_be_bytes());
        }
        answer.push(3);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        writer.write_all(head.as_bytes()).unwrap();
        writer.write_all(&answer).unwrap();
    }
}

fn attribute(out: &mut Vec<u8>, tag: u8, name: &str, value: &[u8]) {
    out.push(tag);
    out.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    out.extend(name.as_bytes());
    out.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    out.extend(value);
}

/// The body of the next request, by length or in chunks (RFC 9112).
fn http_request(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let (mut length, mut chunked, mut seen) = (0, false, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            if seen {
                break;
            }
            continue;
        }
        seen = true;
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
    }
    let mut body = Vec::new();
    if !chunked {
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
        return Some(body);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Operation, request id, attributes, and what follows them.
fn ipp_request(body: &[u8]) -> (u16, u32, Vec<(String, String)>, Vec<u8>) {
    let u16_at = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let id = u32::from_be_bytes([body[4], body[5], body[6], body[7]]);
    let (mut at, mut attributes) = (8, Vec::new());
    while body[at] != 3 {
        if body[at] < 0x10 {
            at += 1;
            continue;
        }
        let name_length = usize::from(u16_at(at + 1));
        let name = String::from_utf8_lossy(&body[at + 3..at + 3 + name_length]).into_owned();
        at += 3 + name_length;
        let length = usize::from(u16_at(at));
        let value = String::from_utf8_lossy(&body[at + 2..at + 2 + length]).into_owned();
        at += 2 + length;
        attributes.push((name, value));
    }
    (u16_at(2), id, attributes, body[at + 1..].to_vec())
}

#[test]
fn a_printer_gets_the_whole_document_and_one_that_cannot_says_so() {
    let printer = Printer::start(WORKS);
    let document = b"%PDF-1.7 and more".repeat(20_000);
    send(&printer.address, &document, "slip-14.pdf").unwrap();
    {
        let jobs = printer.jobs.lock().unwrap();
        let job = jobs.first().unwrap();
        assert_eq!(
            (job.name.as_str(), job.format.as_str()),
            ("slip-14.pdf", "application/pdf")
        );
        assert!(job.document == document);
    }
    let raster = Printer::start(Kind {
        formats: &["image/pwg-raster"],
        takes_jobs: true,
    });
    assert_eq!(
        send(&raster.address, &document, "1").unwrap_err().code(),
        "PRN-05"
    );
    let full = Printer::start(Kind {
        takes_jobs: false,
        ..WORKS
    });
    assert_eq!(
        send(&full.address, &document, "1").unwrap_err().code(),
        "PRN-04"
    );
    assert!(raster.jobs.lock().unwrap().is_empty());
}

/// Against any printer there is: `QAYD_PRINTER=ipp://…`, such as CUPS's own `ippeveprinter`.
#[test]
fn a_printer_of_somebody_else_takes_it_too() {
    let Ok(address) = std::env::var("QAYD_PRINTER") else {
        return;
    };
    let document = std::fs::read(std::env::var("QAYD_PRINTER_PDF").unwrap()).unwrap();
    send(&address, &document, "slip-1.pdf").unwrap();
}

#[test]
fn a_slip_is_printed_saved_printed_again_from_the_search_and_checked_by_its_code() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    work_through(&screen);
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    let said = |what: &str, said: Said| {
        screen.until(what, |s| s.window().global::<App>().get_said() == said);
    };
    screen.press("Print the slip");
    said("that no printer is set up", Said::NoPrinter);
    screen.press("Save as PDF");
    said("that no folder is set up", Said::NoFolder);

    let printer = Printer::start(WORKS);
    let folder = tempfile::tempdir().unwrap();
    let settings = screen.window().global::<Settings>();
    settings.invoke_printer_chosen(printer.address.as_str().into());
    settings.invoke_slips_chosen(folder.path().to_str().unwrap().into());
    screen.press("Print the slip");
    said("the printer has it", Said::Printed);
    screen.press("Save as PDF");
    said("it is saved", Said::Saved);
    let saved = std::fs::read(folder.path().join("slip-1.pdf")).unwrap();
    assert!(saved.starts_with(b"%PDF"));
    let slip = screen.window().global::<Slip>();
    assert!(slip.get_saved().ends_with("slip-1.pdf"));
    screen.press("Next person");
    screen.until("home", |s| s.page() == qayd_window::Page::Home);

    // The same paper again, days later.
    let go_to_search = |screen: &Screen| {
        let search = qayd_window::Page::Search;
        screen.station.desk.ask(qayd_ui::desk::Command::Go(search));
        screen.until("the search", |s| s.page() == search);
    };
    go_to_search(&screen);
    screen.press("The slip");
    screen.until("the slip again", |s| {
        s.step() == "slip" && s.page() == qayd_window::Page::Enrolment
    });
    screen.press("Print the slip");
    screen.until("two jobs", |_| printer.jobs.lock().unwrap().len() == 2);
    {
        let jobs = printer.jobs.lock().unwrap();
        assert!(jobs.iter().all(|job| job.document.starts_with(b"%PDF")));
        assert_eq!(jobs[0].document.len(), jobs[1].document.len());
        // The names of jobs stand in the printer's log.
        assert!(jobs.iter().all(|job| job.name == "slip-1.pdf"));
    }
    said("the printer has it again", Said::Printed);
    screen.press("Close");
    screen.until("the search", |s| s.page() == qayd_window::Page::Search);

    let (station, id) = {
        let found = screen.window().global::<qayd_window::Search>().get_found();
        let id = slint::Model::row_data(&found, 0).unwrap().id;
        drop(screen);
        (demo.open().0, id.parse().unwrap())
    };
    let code = qayd_station::enrolment::slip_code(&station, id)
        .unwrap()
        .unwrap();
    drop(station);
    let screen = Screen::open(&demo, Language::English, 3, "");
    screen.sign_in();
    screen.until("home", |s| s.page() == qayd_window::Page::Home);
    go_to_search(&screen);
    let search = screen.window().global::<qayd_window::Search>();
    assert!(search.invoke_entered(code.as_str().into()));
    screen.until("it is believed", |s| {
        s.window().global::<App>().get_said() == Said::SlipGenuine
            && slint::Model::row_count(&search.get_found()) == 1
    });
    let mut altered = code.into_bytes();
    let last = altered.len() - 1;
    altered[last] = if altered[last] == b'0' { b'1' } else { b'0' };
    assert!(search.invoke_entered(String::from_utf8(altered).unwrap().into()));
    screen.until("it is not believed", |s| {
        s.window().global::<App>().get_said() == Said::SlipUnknown
            && slint::Model::row_count(&search.get_found()) == 0
    });
    assert!(!search.invoke_entered("Zahra".into()));
}
