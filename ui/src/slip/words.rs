//! Words of the paper that no pack has. They follow the person's language, not the screen's, so they are no part of the
//! window's catalogues.

use qayd_model::pack::Language;

/// What stands on every slip.
pub(super) struct Words {
    pub(super) number: &'static str,
    pub(super) check: &'static str,
    pub(super) copy_for: &'static str,
}

/// The words in a language.
pub(super) const fn of(language: Language) -> Words {
    match language {
        Language::Arabic => Words {
            number: "الرقم",
            check: "تُقرأ هذه العلامة في محطة التسجيل للتحقق من الوصل ومتابعة المعاملة.",
            copy_for: "نسخة",
        },
        Language::Sorani => Words {
            number: "ژمارە",
            check: "کۆدەکە لە وێستگەی تۆمارکردن بخوێنەرەوە بۆ پشتڕاستکردنەوەی ئەم پسوولەیە و بەدواداچوونی مامەڵەکە.",
            copy_for: "وێنە",
        },
        Language::English => Words {
            number: "Number",
            check: "Let the station scan this code to check the slip and to find the case.",
            copy_for: "Copy",
        },
    }
}
