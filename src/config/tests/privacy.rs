//! What is masked, and for whom that may be loosened.

use super::*;
use crate::domain::privacy::Masks;

fn privacy(audience: &str, rules: &str) -> Result<Privacy, String> {
    let text = format!(
        "[wall]\naudience = \"{audience}\"\n[privacy]\n{rules}\n\
         [[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a\"\n"
    );
    let config = Config::parse(&text, Path::new("/config.toml")).map_err(|error| error.to_string())?;
    assert_eq!(config.sources[0].writing.masks, config.privacy.masks);
    Ok(config.privacy)
}

#[test]
fn everything_is_masked_unless_somebody_wrote_that_it_is_not() {
    assert_eq!(privacy("public", ""), Ok(Privacy { masks: Masks::ALL, loosened: vec![] }));
    let duty = Masks { others: false, ..Masks::ALL };
    assert_eq!(privacy("duty", ""), Ok(Privacy { masks: duty, loosened: vec![] }));
    assert_eq!(privacy("duty", "other_text = \"mask\"").map(|privacy| privacy.masks), Ok(Masks::ALL));
    let looser = Privacy { masks: Masks { phones: false, plates: false, ..duty }, loosened: vec!["phone", "plate"] };
    assert_eq!(privacy("duty", "phone = \"keep\"\nplate = \"keep\"\nname = \"mask\""), Ok(looser));
}

#[test]
fn a_wall_for_visitors_is_not_loosened() {
    for key in ["name", "phone", "id_number", "address", "plate", "free_text", "other_text"] {
        let complaint = privacy("public", &format!("{key} = \"keep\"")).unwrap_err();
        assert!(complaint.contains("config.toml:4:1: ") && complaint.contains("不得放宽打码"), "{complaint}");
        assert!(complaint.contains(&format!("〔privacy.{key}〕")), "{complaint}");
    }
}
