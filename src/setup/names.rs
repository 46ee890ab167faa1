//! How well a name fits a field: English, pinyin and Chinese.
//!
//! In: the name of a member or column, a field of the domain. Out: 0 to 100.
//! The names that the decoders look for by themselves come first; those here
//! are usual in back ends but too short or too vague to be taken unasked.

use crate::config::source::Feed;
use crate::ingest::{normalized, synonyms};

/// A name of the list here.
const USUAL: u8 = 80;

/// A name that begins or ends like one of those.
const PARTLY: u8 = 55;

/// More names, `|` between them: pinyin initials, whole pinyin, English, Chinese.
fn more(feed: Feed, field: &str) -> &'static str {
    match (feed, field) {
        (_, "lon") => "jd|jingdu|mapX|pointX|xzb|east|easting|东经|坐标X|X坐标|lngGcj02|gcjLng|bdLng|wgsLng|经度坐标",
        (_, "lat") => "wd|weidu|mapY|pointY|yzb|north|northing|北纬|坐标Y|Y坐标|latGcj02|gcjLat|bdLat|wgsLat|纬度坐标",
        (_, "geometry") => {
            "zb|zuobiao|location|coordinate|coordinates|position|point|shape|polygon|border|boundary|jwd|gps|latlon|latlng|坐标位置|边界|位置坐标"
        }
        (Feed::Areas, field) => area(field),
        (Feed::Events, field) => event(field),
        (Feed::Cameras, field) => camera(field),
        (Feed::Devices, field) => device(field),
        (Feed::Tracks, field) => track(field),
        (Feed::Figures, field) => figure(field),
        (Feed::Context, "kind") => "landuse|natural|building|highway|waterway|leisure|lx|leixing|要素类型",
        (Feed::Context, "name") => "mc|mingcheng",
        (Feed::Context, _) => "",
    }
}

fn area(field: &str) -> &'static str {
    match field {
        "code" => {
            "wgbm|wgbh|qhdm|xzqdm|xzqhdm|bm|dm|bianma|gid|gridNo|网格编码|网格编号|行政区划代码|社区编码|街道编码|区域编码|区划编码"
        }
        "parent" => {
            "sjbm|fjbm|fbm|fdm|fid|parentNo|superior|superiorCode|upCode|父级编码|父编码|上级代码|所属社区编码|所属街道编码|所属区县"
        }
        "name" => "mc|mingcheng|wgmc|qhmc|xzqmc|xzqhmc|sqmc|jdmc|网格名称|社区名称|街道名称|行政区名称|区域名称",
        "level" => "jb|cj|jibie|行政级别|网格级别",
        "kind" => "wglx|网格类别",
        "households" => "hs|hushu|zhs|住户数|总户数",
        "responsible" => "wgz|fzr|wgy|wgyxm|网格长|负责人|网格员",
        _ => "",
    }
}

fn event(field: &str) -> &'static str {
    match field {
        "id" => {
            "sjbh|sjid|ajbh|ajid|gdbh|gdh|rwbh|bh|bianhao|shijianbianhao|workOrderNo|workOrderId|orderNo|orderId|ticketNo|taskNo|taskId|serialNo|工单号|工单编号|案件编号|案卷号|任务号|流水号"
        }
        "category" => {
            "sjlx|ajlx|dl|dalei|sjdl|bigType|bigClassName|mainType|mainTypeName|eventTypeName|typeName|wtlx|问题类型|事件大类|事件类型|案件大类|一级分类"
        }
        "subcategory" => "xl|xiaolei|sjxl|smallType|smallClassName|subTypeName|事件小类|案件小类|问题小类|二级分类",
        "title" => {
            "bt|biaoti|sjbt|sjmc|ajmc|wtms|sjms|ms|problemDesc|eventDesc|eventName|desc|事件名称|问题描述|事件描述|描述|案件描述"
        }
        "place" => "dz|dizhi|sfdd|sfdz|fsdd|wzms|happenPlace|eventAddress|发生地点|事发地点|事发地址|详细地址|位置描述",
        "area" => {
            "wgbm|wgbh|wgdm|sswg|gridNo|communityCode|streetCode|districtCode|orgCode|网格编号|区域编码|社区编码|所属网格编码|网格代码"
        }
        "severity" => "jjcd|yzcd|dj|dengji|urgencyLevel|emergencyLevel|urgentLevel|等级|严重程度|紧急级别|重要程度",
        "channel" => "ly|laiyuan|sjly|qd|qudao|wtly|sourceType|sourceName|事件来源|上报渠道|渠道来源|问题来源",
        "reported" => {
            "sbsj|shangbaoshijian|cjsj|fssj|djsj|slsj|submitTime|applyTime|registerTime|acceptTime|gmtCreate|创建时间|发生时间|登记时间|受理时间|事发时间|上报日期"
        }
        "stage" => {
            "zt|zhuangtai|hj|hjmc|dqhj|ajzt|sjzt|clzt|gdzt|currentNode|handleStatus|eventStatus|statusName|当前环节|环节|处理状态|事件状态|案件状态|办理状态|工单状态"
        }
        "due" => {
            "jzsj|qxsj|clqx|blqx|limitTime|expireTime|expiredTime|planTime|处理期限|办理时限|办理期限|截止日期|要求完成时间"
        }
        "closed" => {
            "bjsj|banjieshijian|wcsj|jssj|jasj|completeTime|completedAt|completedTime|doneTime|closedTime|完成时间|结案时间|办结日期|结束时间"
        }
        "solved" => "sfjj|是否已解决",
        "satisfied" => "sfmy|myd|满意情况",
        "returned" => "thcs|回退次数",
        "repeats" => "cfsj|重复工单号",
        _ => "",
    }
}

fn camera(field: &str) -> &'static str {
    match field {
        "id" => {
            "sbbm|sbbh|gbbm|gbbh|sxjbh|deviceCode|indexCode|cameraIndexCode|cameraNo|cameraCode|channelCode|设备编码|国标编码|摄像机编号|设备国标编号"
        }
        "name" => "sbmc|mc|mingcheng|dwmc|azwz|channelName|deviceName|设备名称|点位|摄像机名称|安装位置|监控名称",
        "owner" => "ssdw|jsdw|gldw|manufacturerUnit|orgName|建设单位|管理单位|所属部门|所属机构",
        "online" => "zxzt|sfzx|onlineStatus|onlineState|是否在线|设备状态",
        "picture" => "snapUrl|coverUrl|thumbnail|picUrl|imgUrl|photo|抓拍图",
        _ => "",
    }
}

fn device(field: &str) -> &'static str {
    match field {
        "id" => "sbbh|sbbm|imei|deviceNo|deviceCode|devEui|deviceSn|serialNumber|terminalNo|设备编码|设备号|终端编号",
        "kind" => "sblx|sbzl|productName|productType|deviceTypeName|sensorType|设备种类|产品名称|传感器类型",
        "name" => "sbmc|mc|mingcheng|设备名|安装位置",
        "state" => "zt|sbzt|zxzt|onlineStatus|deviceStatus|alarmStatus|alarmState|运行状态|在线状态|告警状态",
        "value" => "dqz|sz|currentValue|measure|dataValue|当前值|监测值|测量值",
        "unit" => "dw|danwei|计量单位",
        "read" => "cjsj|sbsj|gxsj|jcsj|reportTime|dataTime|sampleTime|lastTime|上报时间|更新时间|监测时间|采样时间",
        _ => "",
    }
}

fn track(field: &str) -> &'static str {
    match field {
        "id" => "rybh|ygbh|wgybh|userId|personId|staffId|workerId|人员编号|网格员编号",
        "worker" => "xm|ryxm|wgyxm|userName|personName|staffName|人员|姓名|巡查员|人员姓名",
        "area" => "wgbm|wgbh|gridNo|网格编号",
        "points" => "gj|guiji|trajectory|locus|gpsList|trackPoints|轨迹点",
        "time" => "dwsj|sbsj|gxsj|positionTime|上报时间",
        _ => "",
    }
}

fn figure(field: &str) -> &'static str {
    match field {
        "key" => "zbbm|zbdm|zbbh|indexCode|indexKey|targetCode|指标代码|指标编号",
        "label" => "zbmc|indexName|targetName|指标",
        "value" => "zbz|sz|indexValue|targetValue|指标值|值",
        "unit" => "dw|jldw|计量单位",
        "area" => "xzqdm|qhdm|areaCode|regionCode|gridCode|区域编码|区划代码",
        "previous" => "sqz|lastValue|上期值",
        _ => "",
    }
}

/// How well a name fits a field, 0 to 100.
pub fn score(feed: Feed, field: &str, name: &str) -> u8 {
    let name = normalized(name);
    if name.is_empty() {
        return 0;
    }
    if name == normalized(field) {
        return 100;
    }
    let known = synonyms(feed, field);
    if let Some(rank) = known.iter().position(|known| normalized(known) == name) {
        return 98_u8.saturating_sub(rank as u8).max(USUAL);
    }
    let usual = || more(feed, field).split('|').filter(|known| !known.is_empty());
    if usual().any(|known| normalized(known) == name) {
        return USUAL;
    }
    // Statistical offices put year and level into the name: `OA11CD`, `WD13NM`.
    let ending = match (feed, field) {
        (Feed::Areas, "code") => "cd",
        (Feed::Areas, "name") => "nm",
        _ => "\u{0}",
    };
    if name.ends_with(ending) && name.contains(|c: char| c.is_ascii_digit()) {
        return PARTLY;
    }
    let is_part = |known: &str| {
        let known = normalized(known);
        let letters = known.chars().count();
        let is_long = if known.is_ascii() { letters >= 5 } else { letters >= 2 };
        is_long && (name.ends_with(&known) || name.starts_with(&known))
    };
    if known.iter().copied().chain(usual()).chain([field]).any(is_part) { PARTLY } else { 0 }
}

/// How well the way to a member fits a field: its last part, or all of it.
pub fn score_of_key(feed: Feed, field: &str, key: &str) -> u8 {
    let Some(way) = key.strip_prefix('/') else { return score(feed, field, key) };
    let parts: Vec<&str> = way.split('/').collect();
    let last = parts.last().map_or(0, |last| score(feed, field, last));
    if parts.len() == 1 {
        return last;
    }
    // `grid/code` is `gridCode`; what lies deeper is less likely to be meant.
    let joined = score(feed, field, &parts.join(""));
    joined.max(last.saturating_sub(25_u8.saturating_mul((parts.len() - 1).min(10) as u8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_pinyin_and_chinese_are_known() {
        for (feed, field, name) in [
            (Feed::Events, "id", "eventId"),
            (Feed::Events, "id", "sjbh"),
            (Feed::Events, "id", "事件编号"),
            (Feed::Events, "lon", "lng"),
            (Feed::Events, "lon", "x"),
            (Feed::Events, "lon", "经度"),
            (Feed::Events, "closed", "办结时间"),
            (Feed::Events, "closed", "BJSJ"),
            (Feed::Events, "reported", "create_time"),
            (Feed::Areas, "code", "wgbm"),
            (Feed::Devices, "read", "采集时间"),
            (Feed::Tracks, "worker", "xm"),
        ] {
            assert!(score(feed, field, name) >= USUAL, "{field} {name}");
        }
        assert!((1..USUAL).contains(&score(Feed::Events, "reported", "event_create_time")));
        assert_eq!(score(Feed::Events, "reported", "phone"), 0);
        assert!(score_of_key(Feed::Events, "area", "/grid/code") >= USUAL);
        assert!(score_of_key(Feed::Areas, "parent", "/parent/code") >= USUAL);
        assert!(score_of_key(Feed::Events, "lon", "/location/lng") > PARTLY);
    }
}
