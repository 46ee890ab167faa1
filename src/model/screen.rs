//! For whom the screen is: for those whom the configuration names, or for
//! visitors since somebody switched it to them.
//!
//! In: actions, the areas. Out: [`Screen`], which tells for whom it is and under
//! which names areas are shown. The model keeps what the decoder left readable;
//! whatever is drawn of it goes through here.
//!
//! How it works: a switched screen *is* one that holds the areas under their
//! masked names, so there is no moment at which it is public and the names are
//! not. It fails closed: only a hand switches back, to no more than the
//! configuration allows, and neither time nor another configuration does.

use std::borrow::Cow;
use std::sync::Arc;

use bevy::prelude::*;

use super::{Action, Areas, Finder, WallConfig};
use crate::config::{Audience, Config};
use crate::domain::area::AreaTree;
use crate::domain::privacy::masked;

/// See the module.
#[derive(Resource, Default, Debug)]
pub struct Screen {
    /// There while a hand has switched it to visitors.
    switched: Option<Switched>,
    /// Grows when it is switched, and when other areas came meanwhile.
    pub revision: u64,
}

/// The areas as visitors may read them.
#[derive(Debug)]
struct Switched {
    tree: Arc<AreaTree>,
    of_areas: u64,
}

impl Switched {
    fn of(areas: &Areas) -> Self {
        Self { tree: Arc::new(areas.tree.renamed(masked)), of_areas: areas.revision }
    }
}

impl Screen {
    /// For whom the screen is now.
    pub fn audience(&self, config: &Config) -> Audience {
        if self.is_switched() { Audience::Public } else { config.wall.audience }
    }

    /// Whether visitors look at it.
    pub fn is_public(&self, config: &Config) -> bool {
        self.audience(config) == Audience::Public
    }

    /// Whether a hand has switched it to visitors: what the model holds may say
    /// more than they may read.
    pub fn is_switched(&self) -> bool {
        self.switched.is_some()
    }

    /// The areas under the names that the screen may show.
    pub fn tree<'a>(&'a self, areas: &'a Areas) -> &'a Arc<AreaTree> {
        self.switched.as_ref().map_or(&areas.tree, |switched| &switched.tree)
    }

    /// A text of the model as the screen may show it.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_switched() { masked(text) } else { Cow::Borrowed(text) }
    }

    /// Makes a text of the model one that the screen may show.
    pub fn mask(&self, text: &mut String) {
        if let Cow::Owned(other) = self.text(text) {
            *text = other;
        }
    }

    /// Switches to visitors, or back to those whom the configuration names;
    /// never to anybody else. Tells whether it did.
    fn switch(&mut self, wanted: Audience, own: Audience, areas: &Areas) -> bool {
        let next = match (wanted, self.is_switched()) {
            (Audience::Public, false) if own != Audience::Public => Some(Switched::of(areas)),
            (wanted, true) if wanted == own && own != Audience::Public => None,
            _ => return false,
        };
        self.switched = next;
        self.revision += 1;
        true
    }

    /// Takes over other areas.
    fn follow(&mut self, areas: &Areas) {
        if self.switched.as_ref().is_some_and(|switched| switched.of_areas != areas.revision) {
            self.switched = Some(Switched::of(areas));
            self.revision += 1;
        }
    }
}

#[cfg(test)]
impl Screen {
    /// A screen that a hand has switched to visitors.
    pub fn switched_for_test() -> Self {
        Self { switched: Some(Switched { tree: Arc::default(), of_areas: 0 }), revision: 1 }
    }
}

/// Switches the screen as hands ask, and keeps up with the areas. What was typed
/// into the look-up goes when visitors come: it may be a name.
pub(super) fn apply(
    mut actions: MessageReader<Action>,
    mut screen: ResMut<Screen>,
    mut finder: ResMut<Finder>,
    areas: Res<Areas>,
    config: Res<WallConfig>,
) {
    let own = config.0.wall.audience;
    for action in actions.read() {
        let wanted = match action {
            Action::ToggleAudience if screen.is_switched() => own,
            Action::ToggleAudience => Audience::Public,
            Action::SetAudience(audience) => *audience,
            _ => continue,
        };
        if screen.switch(wanted, own, &areas) && screen.is_switched() && finder.is_open {
            finder.toggle();
        }
    }
    if screen.is_switched() {
        screen.follow(&areas);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bevy::ecs::system::RunSystemOnce;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::area::{Area, GridKind, Level};
    use crate::domain::geometry::Shape;
    use crate::domain::privacy::Masks;

    fn tree(names: &[&str]) -> AreaTree {
        let area = |(index, name): (usize, &&str)| Area {
            code: index.to_string(),
            parent: None,
            name: (*name).to_owned(),
            level: Level::Grid,
            kind: GridKind::default(),
            shape: Shape::default(),
            households: None,
            responsible: Vec::new(),
        };
        AreaTree::build(names.iter().enumerate().map(area).collect()).0
    }

    fn world(audience: &str) -> World {
        let mut world = World::new();
        world.insert_resource(config(audience));
        world.init_resource::<Screen>();
        world.init_resource::<Finder>();
        world.init_resource::<Messages<Action>>();
        let mut areas = Areas::default();
        areas.tree = Arc::new(tree(&["业主张三反映3栋501室", "湖东社区"]));
        world.insert_resource(areas);
        world
    }

    fn config(audience: &str) -> WallConfig {
        let text = format!(
            "[wall]\naudience = \"{audience}\"\n[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a\"\n"
        );
        WallConfig(Arc::new(Config::parse(&text, Path::new("t.toml")).expect("valid")))
    }

    /// What the screen says of itself after an action: for whom it is, and the
    /// first area's name.
    fn after(world: &mut World, action: Option<Action>) -> (Audience, String) {
        world.resource_mut::<Messages<Action>>().clear();
        if let Some(action) = action {
            world.write_message(action);
        }
        world.run_system_once(apply).expect("runs");
        let (screen, areas) = (world.resource::<Screen>(), world.resource::<Areas>());
        let name = screen.tree(areas).area(0).name.clone();
        (screen.audience(&world.resource::<WallConfig>().0), name)
    }

    const RAW: &str = "业主张三反映3栋501室";
    const MASKED: &str = "业主张**反映3栋**";

    #[test]
    fn a_key_switches_to_visitors_at_once_and_back() {
        for (audience, own) in [("duty", Audience::Duty), ("demo", Audience::Demo)] {
            let mut world = world(audience);
            assert_eq!(after(&mut world, None), (own, RAW.into()));
            assert_eq!(after(&mut world, Some(Action::ToggleAudience)), (Audience::Public, MASKED.into()));
            assert_eq!(after(&mut world, None), (Audience::Public, MASKED.into()), "and stays");
            assert_eq!(after(&mut world, Some(Action::ToggleAudience)), (own, RAW.into()));
        }
    }

    #[test]
    fn nothing_is_looser_than_the_configuration() {
        let mut public = world("public");
        for action in [Action::ToggleAudience, Action::SetAudience(Audience::Duty), Action::SetAudience(Audience::Demo)]
        {
            assert_eq!(after(&mut public, Some(action)).0, Audience::Public);
        }
        let mut demo = world("demo");
        let set = |world: &mut World, audience| after(world, Some(Action::SetAudience(audience))).0;
        assert_eq!(set(&mut demo, Audience::Duty), Audience::Demo);
        assert_eq!(set(&mut demo, Audience::Public), Audience::Public);
        assert_eq!(set(&mut demo, Audience::Duty), Audience::Public, "not even from there");
        assert_eq!(set(&mut demo, Audience::Demo), Audience::Demo);
    }

    #[test]
    fn another_configuration_leaves_a_switched_screen_to_visitors() {
        let mut world = world("duty");
        after(&mut world, Some(Action::ToggleAudience));
        for audience in ["demo", "public", "duty"] {
            world.insert_resource(config(audience));
            assert_eq!(after(&mut world, None), (Audience::Public, MASKED.into()), "{audience}");
        }
        assert_eq!(after(&mut world, Some(Action::ToggleAudience)).0, Audience::Duty);
    }

    #[test]
    fn areas_that_come_later_are_masked_too() {
        let mut world = world("duty");
        after(&mut world, Some(Action::ToggleAudience));
        let mut areas = world.resource_mut::<Areas>();
        areas.tree = Arc::new(tree(&["联系人:李四"]));
        areas.revision += 1;
        assert_eq!(after(&mut world, None).1, "联系人:李**");
    }

    #[test]
    fn what_was_typed_is_gone_when_visitors_come() {
        let mut world = world("duty");
        let mut finder = world.resource_mut::<Finder>();
        (finder.is_open, finder.text) = (true, "张三".into());
        after(&mut world, Some(Action::ToggleAudience));
        assert!(!world.resource::<Finder>().is_open && world.resource::<Finder>().text.is_empty());
    }

    proptest! {
        /// Under whatever rules the decoder left a text: a switched screen shows
        /// nothing of it that a decoder for visitors would have taken out, and,
        /// where nothing was masked before, exactly what that would have written.
        #[test]
        fn a_switched_screen_shows_no_more_than_a_decoder_for_visitors(
            before in "[张李王居民栋号@:,。 ]{0,8}|\\PC{0,8}",
            phone in "1[3-9][0-9]{9}",
            plate in "苏[A-HJ-NP-Z][0-9]{5}",
            room in "[1-9]栋[1-9]单元[1-9]0[1-9]室",
            kept in any::<[bool; 5]>(),
        ) {
            let raw = format!("{before},业主张三反映,{phone},{plate}违停,{room},联系人:李四");
            let [names, phones, id_numbers, addresses, plates] = kept;
            let decoder = Masks { names, phones, id_numbers, addresses, plates, free_text: true, others: true };
            let decoded = decoder.masked(&raw).into_owned();
            let screen = Screen::switched_for_test();
            let shown = screen.text(&decoded).into_owned();
            for secret in [phone.as_str(), &plate, &room, "张三", "李四"] {
                prop_assert!(!shown.contains(secret), "{secret} in {shown}");
            }
            prop_assert_eq!(&*masked(&shown), shown.as_str(), "nothing is left to mask");
            prop_assert_eq!(screen.text(&raw), Masks::ALL.masked(&raw));
        }
    }
}
