//! Compiles the markup, with the catalogues bundled and element ids kept for the tests.
fn main() {
    let configuration = slint_build::CompilerConfiguration::new()
        .with_bundled_translations("lang")
        .with_default_translation_context(slint_build::DefaultTranslationContext::None)
        .with_debug_info(true);
    if let Err(problem) = slint_build::compile_with_config("slint/api.slint", configuration) {
        eprintln!("{problem}");
        std::process::exit(1);
    }
}
