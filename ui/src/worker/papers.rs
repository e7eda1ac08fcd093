//! Papers: the pages of one paper, taken one after the other and cut to their edges.
//!
//! In: commands while the pages of a paper are open. Out: what stands on the overlay. Owns: which paper is open, and which
//! page is being cut. Never: keeps a page only on the screen: it is in the draft, whole, before its edges are drawn.

use std::collections::BTreeMap;

use qayd_devices::{CaptureDevice, CaptureTarget, Modality};
use qayd_model::{SampleId, SampleKind};
use qayd_station::EnrolmentError;
use qayd_station::capture::{CaptureError, PageCut, cut_page, find_page, next_page};
use qayd_window::Said;

use super::enrolment::{Then, Work};
use super::pictures;
use crate::desk::{Command, Event, PageView, PapersView, Picture};

/// A paper whose pages are being taken.
pub(super) struct Open {
    document: String,
    cutting: Option<Cutting>,
    /// What takes the page shows nothing before.
    scanner: bool,
    /// Pages that were made small once; a page that is cut again is another sample.
    small: BTreeMap<SampleId, Picture>,
}

/// A page whose edges are being drawn.
struct Cutting {
    page: u16,
    cut: PageCut,
}

impl Open {
    /// Whether a scanner takes the pages.
    pub(super) const fn is_scanner(&self) -> bool {
        self.scanner
    }

    /// Whether the camera shows what lies before it.
    pub(super) const fn is_live(&self) -> bool {
        self.cutting.is_none()
    }
}

impl Work<'_, '_, '_> {
    pub(super) fn open_papers(&mut self, document: &str) -> Result<Then, EnrolmentError> {
        self.commit_all()?;
        self.papers = Some(Open {
            document: document.to_owned(),
            cutting: None,
            scanner: false,
            small: BTreeMap::new(),
        });
        self.tell_papers(false)?;
        Ok(Then::Stay)
    }

    /// Puts the overlay away; the rows below say how many pages there are now.
    pub(super) fn close_papers(&mut self) -> Then {
        if self.papers.take().is_some() {
            self.captures.close();
            self.worker.tell(Event::Papers(None));
        }
        Then::Show
    }

    pub(super) fn act_on_papers(&mut self, command: Command) -> Result<Then, EnrolmentError> {
        let Some(open) = &mut self.papers else {
            return Ok(Then::Stay);
        };
        let document = open.document.clone();
        let done = match command {
            Command::TakePage => self.take_page(&document),
            Command::TurnPage(sides) => {
                if let Some(cutting) = &mut open.cutting {
                    cutting.cut = turned(between(sides, cutting.cut));
                }
                Ok(())
            }
            Command::KeepPage(sides) => self.keep_page(&document, sides),
            Command::ThrowPageAway => {
                let cutting = open.cutting.take();
                cutting.map_or(Ok(()), |cutting| {
                    let kind = page_of(&document, cutting.page);
                    self.draft.remove_sample(&kind)?;
                    Ok(())
                })
            }
            Command::TouchPage(page) => self.cut(&document, page),
            _ => Ok(()),
        };
        // Whatever came of it, nothing is being captured any more.
        self.tell_papers(false)?;
        match done {
            Ok(()) => {}
            Err(CaptureError::Enrolment(error)) => return Err(error),
            Err(error) => self.worker.say_code(error.code()),
        }
        Ok(Then::Stay)
    }

    fn take_page(&mut self, document: &str) -> Result<(), CaptureError> {
        if self.papers.as_ref().is_none_or(|open| !open.is_live()) {
            return Ok(());
        }
        let page = next_page(&self.draft, document)?;
        self.tell_papers(true)?;
        if self.take(page_of(document, page), Modality::Document)? {
            self.cut(document, page)?;
        }
        Ok(())
    }

    /// Shows a page with its edges where the paper seems to end.
    fn cut(&mut self, document: &str, page: u16) -> Result<(), CaptureError> {
        let Some(bytes) = self.sample(&page_of(document, page))? else {
            return Ok(());
        };
        let cut = match find_page(bytes.expose()) {
            Ok(cut) => cut,
            Err(error) => {
                self.worker.say_code(error.code());
                PageCut::WHOLE
            }
        };
        if let Some(open) = &mut self.papers {
            open.cutting = Some(Cutting { page, cut });
        }
        // The camera waits until the next page is taken.
        self.captures.close();
        Ok(())
    }

    fn keep_page(&mut self, document: &str, sides: [f32; 4]) -> Result<(), CaptureError> {
        let cutting = self.papers.as_mut().and_then(|open| open.cutting.take());
        let Some(cutting) = cutting else {
            return Ok(());
        };
        let cut = between(sides, cutting.cut);
        cut_page(&mut self.draft, &page_of(document, cutting.page), &cut)?;
        self.worker.say(Said::Nothing);
        Ok(())
    }

    /// Looks at what will take the page; `true` where it is a scanner, which shows nothing before.
    pub(super) fn is_scanner(&mut self, device: &dyn CaptureDevice) -> bool {
        let is_one = device.describe().modalities == [Modality::Document];
        let Some(open) = &mut self.papers else {
            return false;
        };
        if open.scanner != is_one {
            open.scanner = is_one;
            if let Err(error) = self.tell_papers(false) {
                self.worker.say_code(error.code());
            }
        }
        is_one
    }

    /// What the live picture of an open paper shows; `None` while none is open or a page is being cut.
    pub(super) fn looks_at_page(&self) -> Option<CaptureTarget> {
        let open = self.papers.as_ref().filter(|open| open.is_live())?;
        let page = next_page(&self.draft, &open.document).unwrap_or(1);
        Some(CaptureTarget::Sample(page_of(&open.document, page)))
    }

    fn tell_papers(&mut self, capturing: bool) -> Result<(), EnrolmentError> {
        let Some(mut open) = self.papers.take() else {
            return Ok(());
        };
        let view = self.papers_view(&mut open, capturing);
        self.papers = Some(open);
        self.worker.tell(Event::Papers(Some(Box::new(view?))));
        Ok(())
    }

    fn papers_view(&self, open: &mut Open, capturing: bool) -> Result<PapersView, EnrolmentError> {
        let language = self.worker.language;
        let codes = self.draft.codes();
        let title = codes.label("documents", &open.document, language);
        let mut view = PapersView {
            title: title.to_owned(),
            capturing,
            scanner: open.scanner,
            cutting: open.cutting.is_some(),
            number: String::new(),
            still: None,
            sides: sides_of(&PageCut::WHOLE),
            pages: Vec::new(),
        };
        for sample in self.draft.samples()? {
            let SampleKind::DocumentPage { document, page } = &sample.kind else {
                continue;
            };
            if *document != open.document {
                continue;
            }
            let picture = match open.small.get(&sample.id) {
                Some(picture) => picture.clone(),
                None => {
                    let bytes = self.draft.sample_bytes(sample.id)?;
                    let picture = bytes.and_then(|bytes| pictures::thumbnail(bytes.expose()));
                    open.small.insert(sample.id, picture.clone());
                    picture
                }
            };
            view.pages.push(PageView {
                page: *page,
                label: self.worker.number(page),
                picture,
            });
        }
        view.pages.sort_by_key(|page| page.page);
        if let Some(Cutting { page, cut }) = &open.cutting {
            let whole = self.sample(&page_of(&open.document, *page))?;
            view.still =
                whole.and_then(|whole| pictures::turned(whole.expose(), cut.quarter_turns));
            view.sides = sides_of(cut);
            view.number = self.worker.number(page);
        }
        Ok(view)
    }
}

const fn sides_of(cut: &PageCut) -> [f32; 4] {
    [cut.left, cut.top, cut.right, cut.bottom]
}

fn page_of(document: &str, page: u16) -> SampleKind {
    SampleKind::DocumentPage {
        document: document.to_owned(),
        page,
    }
}

/// The cut with its edges where the officer drew them.
const fn between([left, top, right, bottom]: [f32; 4], cut: PageCut) -> PageCut {
    PageCut {
        quarter_turns: cut.quarter_turns,
        left,
        top,
        right,
        bottom,
    }
}

/// A quarter turn to the right; the edges turn with the picture.
fn turned(cut: PageCut) -> PageCut {
    PageCut {
        quarter_turns: (cut.quarter_turns + 1) % 4,
        left: 1.0 - cut.bottom,
        top: cut.left,
        right: 1.0 - cut.top,
        bottom: cut.right,
    }
}
