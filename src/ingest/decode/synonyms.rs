//! The names that back ends commonly use for the fields of the domain.
//!
//! In: feed and field. Out: other names, best first, in any spelling (case and
//! separators do not matter to the lookup in `fields`). The field's own name
//! always comes before these.

use crate::config::source::Feed;

/// Other names of a field, best first.
pub fn synonyms(feed: Feed, field: &str) -> &'static [&'static str] {
    match (feed, field) {
        (_, "lon") => &["lng", "longitude", "long", "x", "经度"],
        (_, "lat") => &["latitude", "y", "纬度"],
        (_, "geometry") => &["geom", "the_geom", "wkt", "geojson", "lonLat", "lngLat", "几何", "坐标", "经纬度"],
        (Feed::Areas, field) => area(field),
        (Feed::Events, field) => event(field),
        (Feed::Cameras, field) => camera(field),
        (Feed::Devices, field) => device(field),
        (Feed::Tracks, field) => track(field),
        (Feed::Figures, field) => figure(field),
        (Feed::Context, field) => context(field),
    }
}

fn area(field: &str) -> &'static [&'static str] {
    match field {
        "code" => &["adcode", "areaCode", "gridCode", "gbCode", "id", "编码", "代码", "区划代码", "编号"],
        "parent" => &["parentCode", "parentId", "pid", "pcode", "parentAdcode", "上级编码", "上级"],
        "name" => &["areaName", "gridName", "title", "label", "名称"],
        "level" => &["areaLevel", "级别", "层级"],
        "kind" => &["gridKind", "gridType", "网格类型", "类型"],
        "households" => &["householdCount", "户数"],
        "responsible" => &["responsibles", "leaders", "chain", "责任人"],
        _ => &[],
    }
}

fn event(field: &str) -> &'static [&'static str] {
    match field {
        "id" => &["eventId", "eventNo", "eventCode", "caseId", "caseNo", "code", "uuid", "事件编号", "编号"],
        "category" => &["eventType", "majorClass", "bigClass", "type", "class", "大类", "类别"],
        "subcategory" => &["subType", "minorClass", "smallClass", "小类"],
        "title" => &["eventTitle", "subject", "summary", "name", "description", "content", "标题", "事件标题", "内容"],
        "place" => &["address", "addr", "location", "site", "地点", "地址", "位置"],
        "area" => &["areaCode", "gridCode", "gridId", "regionCode", "网格编码", "所属网格"],
        "severity" => &["level", "urgency", "priority", "grade", "紧急程度"],
        "channel" => &["source", "origin", "reportChannel", "来源", "渠道"],
        "reported" => &[
            "reportedAt",
            "reportTime",
            "createTime",
            "createdAt",
            "createdTime",
            "eventTime",
            "occurTime",
            "happenTime",
            "time",
            "dateTime",
            "timestamp",
            "date",
            "上报时间",
            "时间",
        ],
        "stage" => &["stageName", "status", "state", "step", "node", "阶段", "状态"],
        "history" => &["stages", "steps", "flows", "flow", "流程"],
        "due" => &["dueAt", "dueTime", "deadline", "办结时限", "截止时间"],
        "closed" => &["closedAt", "closeTime", "finishTime", "finishedAt", "endTime", "办结时间"],
        "solved" => &["isSolved", "resolved", "isResolved", "是否解决", "实际解决"],
        "satisfied" => &["isSatisfied", "satisfaction", "是否满意", "满意度"],
        "returned" => &["returnCount", "returnTimes", "backCount", "退回次数"],
        "repeats" => &["repeatOf", "duplicateOf", "重复事件"],
        _ => &[],
    }
}

fn camera(field: &str) -> &'static [&'static str] {
    match field {
        "id" => &["cameraId", "deviceId", "channelId", "gbId", "code", "国标编号", "编号"],
        "name" => &["cameraName", "title", "place", "address", "intersection", "点位名称", "名称"],
        "owner" => &["department", "dept", "org", "unit", "所属单位", "权属"],
        "online" => &["isOnline", "status", "state", "在线状态", "在线"],
        "picture" => &["pictureUrl", "snapshot", "snapshotUrl", "imageUrl", "image", "pic"],
        _ => &[],
    }
}

fn device(field: &str) -> &'static [&'static str] {
    match field {
        "id" => &["deviceId", "code", "sn", "设备编号", "编号"],
        "kind" => &["deviceType", "type", "category", "设备类型", "类型"],
        "name" => &["deviceName", "title", "设备名称", "名称"],
        "state" => &["status", "online", "设备状态", "状态"],
        "value" => &["reading", "val", "读数", "数值"],
        "unit" => &["单位"],
        "read" => &[
            "readAt",
            "readTime",
            "collectTime",
            "updateTime",
            "updatedAt",
            "time",
            "timestamp",
            "ts",
            "dateTime",
            "采集时间",
        ],
        _ => &[],
    }
}

fn track(field: &str) -> &'static [&'static str] {
    match field {
        "id" => &["trackId", "code", "编号"],
        "worker" => &["workerNo", "patroller", "staff", "user", "网格员"],
        "area" => &["areaCode", "gridCode", "gridId", "网格编码"],
        "points" => &["path", "track", "positions", "轨迹"],
        "time" => &["gpsTime", "locateTime", "reportTime", "timestamp", "ts", "dateTime", "时间", "定位时间"],
        _ => &[],
    }
}

fn figure(field: &str) -> &'static [&'static str] {
    match field {
        "key" => &["code", "id", "指标编码"],
        "label" => &["name", "title", "指标名称", "名称"],
        "value" => &["val", "数值"],
        "unit" => &["单位"],
        "numerator" => &["分子"],
        "denominator" => &["分母", "total"],
        "previous" => &["last", "previousValue", "上期"],
        "more_is_better" => &["moreIsBetter", "positive"],
        "series" => &["trend", "history", "values"],
        _ => &[],
    }
}

fn context(field: &str) -> &'static [&'static str] {
    match field {
        "kind" => &["type", "class", "fclass", "类型"],
        "name" => &["title", "label", "名称"],
        "rank" => &["roadRank", "level", "等级"],
        _ => &[],
    }
}
