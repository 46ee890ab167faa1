//! Names of communities, villages and roads, put together the way Chinese
//! place names are: something beautiful, and what is there.

use fastrand::Rng;

const FIRST: [&str; 56] = [
    "梅", "兰", "竹", "菊", "荷", "桂", "松", "柏", "杨", "柳", "桃", "杏", "枫", "榴", "梧", "樱", "云", "月", "星",
    "虹", "霞", "清", "明", "华", "文", "康", "安", "和", "福", "瑞", "翠", "紫", "凤", "龙", "鹤", "鹭", "金", "银",
    "玉", "锦", "长", "永", "新", "古", "东", "西", "南", "北", "青", "白", "汇", "景", "望", "春", "秋", "宝",
];
const IN_TOWN: [&str; 16] =
    ["园", "苑", "庭", "里", "桥", "巷", "坊", "门", "亭", "湾", "塘", "台", "华", "府", "和", "林"];
const IN_COUNTRY: [&str; 16] =
    ["塘", "圩", "岗", "埠", "庄", "集", "洲", "墩", "渡", "堰", "山", "桥", "湾", "陵", "泉", "坝"];
const OF_ROADS: [&str; 20] = [
    "山", "江", "湖", "海", "泉", "城", "宁", "阳", "州", "川", "溪", "源", "平", "兴", "盛", "达", "祥", "泰", "昌",
    "苑",
];

/// Names of communities 社区, without the word: as many different ones as
/// asked, in an order of chance.
pub fn communities(rng: &mut Rng) -> Vec<String> {
    combined(&FIRST, &IN_TOWN, rng)
}

/// Names of villages 村, without the word.
pub fn villages(rng: &mut Rng) -> Vec<String> {
    combined(&FIRST, &IN_COUNTRY, rng)
}

/// Names of roads, all different.
pub fn roads(rng: &mut Rng) -> Vec<String> {
    let mut roads: Vec<String> = Vec::new();
    for name in combined(&FIRST, &OF_ROADS, rng) {
        roads.push(format!("{name}路"));
    }
    let streets: Vec<String> = roads.iter().map(|name| name.replace('路', "街")).collect();
    roads.extend(streets);
    roads
}

fn combined(first: &[&str], second: &[&str], rng: &mut Rng) -> Vec<String> {
    let pairs = first.iter().flat_map(|a| second.iter().filter(move |&b| a != b).map(move |b| format!("{a}{b}")));
    let mut all: Vec<String> = pairs.collect();
    rng.shuffle(&mut all);
    all
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_enough() {
        let mut rng = Rng::with_seed(3);
        for (names, least) in [(communities(&mut rng), 800), (villages(&mut rng), 800), (roads(&mut rng), 2_000)] {
            let distinct: HashSet<_> = names.iter().collect();
            assert!(distinct.len() == names.len() && names.len() > least);
        }
    }
}
