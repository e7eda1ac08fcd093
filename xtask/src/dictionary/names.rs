//! Names: common given names, tribes and places in their three scripts, for people who never lived.
//!
//! In: which share of the lists. Out: words to pick from. Never: a list of real people; each word is borne by thousands.

/// Arabic, Sorani, Latin.
pub type Word = (&'static str, &'static str, &'static str);

/// Words to pick from: all of them, or one of two halves, so that a dictionary can be held against names it never saw.
pub struct Names {
    pub men: Vec<Word>,
    pub women: Vec<Word>,
    pub tribes: Vec<Word>,
    pub districts: Vec<&'static str>,
    pub quarters: Vec<&'static str>,
    pub villages: Vec<&'static str>,
    pub camps: Vec<&'static str>,
    pub occupations: Vec<&'static str>,
    pub remarks: Vec<&'static str>,
}

impl Names {
    pub fn all() -> Self {
        Self::of(|_| true)
    }

    /// The words at even or at odd places.
    pub fn half(odd: bool) -> Self {
        Self::of(|i| (i % 2 == 1) == odd)
    }

    fn of(wanted: impl Fn(usize) -> bool + Copy) -> Self {
        fn some<T: Copy>(list: &[T], wanted: impl Fn(usize) -> bool) -> Vec<T> {
            (0..list.len())
                .filter(|i| wanted(*i))
                .map(|i| list[i])
                .collect()
        }
        Self {
            men: some(MEN, wanted),
            women: some(WOMEN, wanted),
            tribes: some(TRIBES, wanted),
            districts: some(DISTRICTS, wanted),
            quarters: some(QUARTERS, wanted),
            villages: some(VILLAGES, wanted),
            camps: some(CAMPS, wanted),
            occupations: some(OCCUPATIONS, wanted),
            remarks: some(REMARKS, wanted),
        }
    }
}

const MEN: &[Word] = &[
    ("محمد", "محەمەد", "Mohammed"),
    ("أحمد", "ئەحمەد", "Ahmed"),
    ("علي", "عەلی", "Ali"),
    ("حسين", "حوسێن", "Hussein"),
    ("حسن", "حەسەن", "Hassan"),
    ("عبد الله", "عەبدوڵڵا", "Abdullah"),
    ("إبراهيم", "ئیبراهیم", "Ibrahim"),
    ("خالد", "خالید", "Khalid"),
    ("كريم", "کەریم", "Karim"),
    ("جاسم", "جاسم", "Jasim"),
    ("صالح", "ساڵح", "Salih"),
    ("عمر", "عومەر", "Omar"),
    ("عثمان", "عوسمان", "Othman"),
    ("مصطفى", "مستەفا", "Mustafa"),
    ("يوسف", "یوسف", "Yousif"),
    ("محمود", "مەحموود", "Mahmood"),
    ("رشيد", "ڕەشید", "Rashid"),
    ("سعيد", "سەعید", "Saeed"),
    ("كاظم", "کازم", "Kadhim"),
    ("عباس", "عەباس", "Abbas"),
    ("جبار", "جەبار", "Jabbar"),
    ("فاضل", "فازڵ", "Fadhil"),
    ("قادر", "قادر", "Qadir"),
    ("داود", "داود", "Dawood"),
    ("نوري", "نووری", "Noori"),
    ("طه", "تەها", "Taha"),
    ("ياسين", "یاسین", "Yaseen"),
    ("سلمان", "سەلمان", "Salman"),
    ("عبد الرحمن", "عەبدولڕەحمان", "Abdulrahman"),
    ("عبد الكريم", "عەبدولکەریم", "Abdulkarim"),
    ("آرام", "ئارام", "Aram"),
    ("هيوا", "هیوا", "Hiwa"),
    ("شيركو", "شێرکۆ", "Sherko"),
    ("ريبين", "ڕێبین", "Rebin"),
    ("آزاد", "ئازاد", "Azad"),
    ("كاروان", "کاروان", "Karwan"),
    ("خلف", "خەلەف", "Khalaf"),
    ("مراد", "موراد", "Murad"),
    ("حجي", "حەجی", "Haji"),
    ("بركات", "بەرەکات", "Barakat"),
    ("إسماعيل", "ئیسماعیل", "Ismail"),
    ("عزيز", "عەزیز", "Aziz"),
    ("ماجد", "ماجد", "Majid"),
    ("وليد", "وەلید", "Waleed"),
    ("سامي", "سامی", "Sami"),
    ("حيدر", "حەیدەر", "Haider"),
    ("مهدي", "مەهدی", "Mahdi"),
    ("عادل", "عادل", "Adil"),
    ("فيصل", "فەیسەڵ", "Faisal"),
    ("هادي", "هادی", "Hadi"),
];

const WOMEN: &[Word] = &[
    ("فاطمة", "فاتیمە", "Fatima"),
    ("زينب", "زەینەب", "Zainab"),
    ("مريم", "مریەم", "Maryam"),
    ("عائشة", "عائیشە", "Aisha"),
    ("خديجة", "خەدیجە", "Khadija"),
    ("نسرين", "نەسرین", "Nasrin"),
    ("شيلان", "شیلان", "Shilan"),
    ("شيرين", "شیرین", "Shirin"),
    ("نور", "نوور", "Noor"),
    ("سارة", "سارا", "Sara"),
    ("زهراء", "زەهرا", "Zahraa"),
    ("أمينة", "ئەمینە", "Amina"),
    ("حليمة", "حەلیمە", "Halima"),
    ("هدى", "هودا", "Huda"),
    ("إيمان", "ئیمان", "Iman"),
    ("رنا", "ڕەنا", "Rana"),
    ("سعاد", "سوعاد", "Suad"),
    ("كوليزار", "گوڵیزار", "Gulizar"),
    ("كوردستان", "کوردستان", "Kurdistan"),
    ("بيان", "بەیان", "Bayan"),
    ("نرمين", "نەرمین", "Narmin"),
    ("أحلام", "ئەحلام", "Ahlam"),
    ("رقية", "ڕوقەیە", "Ruqaya"),
    ("سميرة", "سەمیرە", "Samira"),
    ("جوان", "جوان", "Jwan"),
    ("روناك", "ڕووناک", "Runak"),
    ("بدرية", "بەدریە", "Badriya"),
    ("كلثوم", "گوڵسووم", "Kulthum"),
    ("حنان", "حەنان", "Hanan"),
    ("ليلى", "لەیلا", "Layla"),
];

const TRIBES: &[Word] = &[
    ("الجبوري", "جبووری", "Al-Jubouri"),
    ("العبيدي", "عوبێدی", "Al-Obaidi"),
    ("الدليمي", "دولەیمی", "Al-Dulaimi"),
    ("الشمري", "شەمەری", "Al-Shammari"),
    ("التميمي", "تەمیمی", "Al-Tamimi"),
    ("الزبيدي", "زوبێدی", "Al-Zubaidi"),
    ("البرزنجي", "بەرزنجی", "Barzinji"),
    ("الطائي", "تائی", "Al-Taie"),
    ("الخفاجي", "خەفاجی", "Al-Khafaji"),
    ("الجاف", "جاف", "Jaf"),
    ("الحسيني", "حوسێنی", "Al-Husseini"),
    ("العزاوي", "عەزاوی", "Al-Azzawi"),
];

const DISTRICTS: &[&str] = &[
    "سنجار",
    "تلعفر",
    "الحمدانية",
    "الموصل",
    "تلكيف",
    "الشيخان",
    "الفلوجة",
    "الرمادي",
    "هيت",
    "حديثة",
    "القائم",
    "تكريت",
    "سامراء",
    "بيجي",
    "بلد",
    "الحويجة",
    "داقوق",
    "كركوك",
    "خانقين",
    "بعقوبة",
    "المقدادية",
    "الكاظمية",
    "الأعظمية",
    "أبو غريب",
    "المحمودية",
    "خبات",
    "سوران",
    "عقرة",
    "زاخو",
    "العمادية",
    "رانية",
    "كلار",
    "البصرة",
    "القرنة",
    "الزبير",
    "العمارة",
    "الناصرية",
    "الكوت",
    "الحلة",
    "النجف",
    "الكوفة",
    "كربلاء",
];

const QUARTERS: &[&str] = &[
    "حي الزهراء",
    "حي النور",
    "حي السلام",
    "الحي العسكري",
    "حي المعلمين",
    "حي الجامعة",
    "المنصور",
    "الكرادة",
    "الدورة",
    "البياع",
    "حي العامل",
    "حي الوحدة",
    "حي الشهداء",
    "حي النصر",
    "حي القادسية",
    "حي الانتصار",
    "رزكاري",
    "ئازادي",
    "عنكاوا",
    "حي المثنى",
];

const VILLAGES: &[&str] = &[
    "قرية الشمسية",
    "قرية حردان",
    "قرية كوجو",
    "قرية الرمبوسي",
    "قرية تل قصب",
    "قرية السلامية",
    "قرية النمرود",
    "قرية الشورة",
    "قرية الزاب",
    "قرية العوجة",
    "قرية البو عجيل",
    "قرية تل الورد",
    "قرية كرمة",
    "قرية سركران",
];

const CAMPS: &[&str] = &[
    "مخيم الأول",
    "مخيم الثاني",
    "مخيم الشرقي",
    "مخيم الغربي",
    "مخيم الشمالي",
    "مخيم الجنوبي",
    "مخيم السلام",
    "مخيم الأمل",
    "مخيم النازحين",
    "مخيم الجبل",
];

const OCCUPATIONS: &[&str] = &[
    "كاسب",
    "ربة بيت",
    "طالب",
    "طالبة",
    "معلم",
    "معلمة",
    "فلاح",
    "عامل بناء",
    "سائق",
    "نجار",
    "حداد",
    "خياطة",
    "موظف",
    "موظفة",
    "متقاعد",
    "عسكري",
    "شرطي",
    "بائع",
    "ممرضة",
    "مهندس",
    "راعي",
    "بدون عمل",
];

const REMARKS: &[&str] = &[
    "فقدت أثناء النزوح",
    "احترقت مع البيت",
    "أخذها مسلحون عند نقطة تفتيش",
    "بطاقة والده صدرت قبل ٢٠٠٣",
    "سجل العائلة عند عمه",
    "فقدت في الطريق إلى المخيم",
    "تلفت بسبب المطر",
    "لم يسجل عند الولادة",
    "هوية الأب موجودة",
    "قرب المدرسة",
    "قرب الجامع",
    "قرب المستوصف",
    "مقابل السوق",
    "خلف مركز الشرطة",
];
