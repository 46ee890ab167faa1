//! Fields of records as sources name and write them.

use serde_json::json;

use super::super::tests::source;
use super::*;

fn fields<'a>(table: &'a FieldTable, record: &'a Record<'a>, id: Option<&'a Value>) -> Fields<'a> {
    static NOTHING: Computed = Computed { values: Vec::new(), faults: Vec::new() };
    table.resolve(record, id, &NOTHING, &mut KeyMemory::default()).expect("a tree")
}

fn table(feed: Feed, fields: &[(&str, &str)]) -> FieldTable {
    let mut source = source(feed);
    source.fields = fields.iter().map(|&(k, v)| (k.to_owned(), v.into())).collect();
    source.values.insert("severity".into(), [("A级".to_owned(), "3".to_owned())].into());
    FieldTable::new(&source, TimeZone::UTC)
}

#[test]
fn usual_names_are_found_in_any_spelling() {
    let table = table(Feed::Events, &[]);
    let record = json!({"EventId": 7, "create_time": "2025-08-15 09:00", "经度": "118.5", "severity": "A级"});
    let record = Record::Tree(record);
    let fields = fields(&table, &record, None);
    assert_eq!(fields.text("id").as_deref(), Some("7"));
    assert_eq!(fields.time("reported"), Time::parse("2025-08-15 09:00", &TimeZone::UTC));
    assert_eq!(fields.number("lon"), Some(118.5));
    assert_eq!(fields.text("severity").as_deref(), Some("3"));
    assert_eq!(fields.text("title"), None);
}

#[test]
fn the_own_name_goes_before_its_variants_and_configuration_before_both() {
    let record = Record::Tree(json!({"id": "x", "adcode": 320102.0, "code": "c", "deep": {"er": "d"}}));
    let plain = table(Feed::Areas, &[]);
    assert_eq!(fields(&plain, &record, None).code("code").as_deref(), Some("c"));
    for (pointer, expected) in
        [("/properties/adcode", "320102"), ("/adcode", "320102"), ("adcode", "320102"), ("deep.er", "d")]
    {
        let mapped = table(Feed::Areas, &[("code", pointer)]);
        let code = fields(&mapped, &record, None).code("code");
        assert_eq!(code.as_deref(), Some(expected), "{pointer}");
    }
    let absent = table(Feed::Areas, &[("code", "/nowhere")]);
    assert_eq!(fields(&absent, &record, None).code("code"), None);
}

#[test]
fn parents_may_be_objects_and_ids_stand_in_for_codes() {
    let table = table(Feed::Areas, &[]);
    let (record, id) = (json!({"parent": {"adcode": 320100}}), json!(42));
    let record = Record::Tree(record);
    let fields = fields(&table, &record, Some(&id));
    assert_eq!(fields.code("parent").as_deref(), Some("320100"));
    assert_eq!(fields.code("code").as_deref(), Some("42"));
}

#[test]
fn endings_of_statistical_offices_are_recognised() {
    let table = table(Feed::Areas, &[]);
    let record = json!({"WD13CD": "E05000630", "WD13CDO": "00BKGA", "WD13NM": "Abbey Road", "postcode": "1"});
    let record = Record::Tree(record);
    let fields = fields(&table, &record, None);
    assert_eq!(fields.code("code").as_deref(), Some("E05000630"));
    assert_eq!(fields.text("name").as_deref(), Some("Abbey Road"));
}
#[test]
fn values_that_are_not_in_the_table_have_one_of_their_own() {
    let mut source = source(Feed::Events);
    let words = [("1", "urgent"), (ANY_OTHER_VALUE, "normal")].map(|(from, to)| (from.to_owned(), to.to_owned()));
    source.values.insert("severity".into(), words.into());
    let table = FieldTable::new(&source, TimeZone::UTC);
    for (record, expected) in [
        (json!({"severity": 1}), Some("urgent")),
        (json!({"severity": "不知道"}), Some("normal")),
        (json!({"severity": null}), None),
        (json!({}), None),
    ] {
        let record = Record::Tree(record);
        assert_eq!(fields(&table, &record, None).text("severity").as_deref(), expected);
    }
}

#[test]
fn computed_fields_are_computed_and_nothing_else_is_taken_for_them() {
    let mut source = source(Feed::Events);
    for (field, text) in [("id", "街道 ~ '-' ~ no|pad(4)"), ("title", "a.b.c|default('无')"), ("area", "no + '1'")] {
        source.fields.insert(field.into(), FieldRule::Computed(Expression::parse(text).unwrap()));
    }
    let table = FieldTable::new(&source, TimeZone::UTC);
    assert!(!table.is_flat());
    let record = Record::Tree(json!({"街道": "红花", "no": 7, "title": "不用", "areaCode": "不用", "place": "湖东"}));
    let computed = table.compute(&record, None);
    let fields = table.resolve(&record, None, &computed, &mut KeyMemory::default()).unwrap();
    assert_eq!(fields.text("id").as_deref(), Some("红花-0007"));
    assert_eq!(fields.text("title").as_deref(), Some("无"));
    assert_eq!((fields.text("area"), fields.text("place").as_deref()), (None, Some("湖东")));
    assert_eq!(computed.faults.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["area"]);
}
