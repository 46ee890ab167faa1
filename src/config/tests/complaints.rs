//! Wrong additions to a good file of five lines, each with every line that is
//! said about it.

pub(super) const CASES: [(&str, &[&str]); 48] = [
    (
        r#"[[sources]]
id = "w"
feed = "devices"
kind = "websocket"
url = "http://a/b"
hello = ['{"cmd":"login","password":"hunter2"}', '{"token":"{key}"}', ""]
topics = ["a"]
[[sources]]
id = "x"
feed = "areas"
kind = "websocket"
url = "ws://{key}.a/b?token=hunter2"
key = { env = "A" }
"#,
        &[
            r#"config.toml:6:1: 写了 {key},却没有 `key`,请写作 key = { env = "环境变量名" }〔sources[1].key〕"#,
            "config.toml:10:7: 网址须以 ws:// 或 wss:// 开头〔sources[1].url〕",
            r#"config.toml:11:10: `password` 像是密钥,不得写入配置文件;请写作 {key},并加上 key = { env = "环境变量名" }〔sources[1].hello[0]〕"#,
            "config.toml:11:71: 不能为空〔sources[1].hello[2]〕",
            r#"config.toml:12:1: `topics` 不能用于 kind = "websocket" 的数据源,它属于 kind = "mqtt"〔sources[1].topics〕"#,
            r#"config.toml:13:1: feed = "areas" 是整体替换的数据,不能用 kind = "websocket" 逐条推送,请用 http 或 file〔sources[2].feed〕"#,
            r#"config.toml:17:7: 网址参数 `token` 像是密钥,不得写入配置文件;请改用 headers = { 名称 = { env = "环境变量名" } }〔sources[2].url〕"#,
        ],
    ),
    (
        r#"[[sources]]
id = "m"
feed = "devices"
kind = "mqtt"
url = "mqtt://a/b?c=d"
topics = ["a/{id}", "b", "c/{idd}", "d/#/e", "$share/x"]
version = "4"
username = "u"
password = "hunter2"
qos = 3
keep_alive = "20h"
clean_session = false
headers = { A = "b" }
"#,
        &[
            "config.toml:10:7: MQTT 的网址只有主机和端口,写作 mqtt://主机:1883〔sources[1].url〕",
            "config.toml:11:21: 同一数据源的各个主题须给出相同的字段〔sources[1].topics[1]〕",
            "config.toml:11:26: `devices` 数据没有字段 `idd`(是否为 `id`?)〔sources[1].topics[2]〕",
            "config.toml:11:37: +、#、{字段} 须独占一级,# 只能在最后〔sources[1].topics[3]〕",
            "config.toml:11:46: 共享订阅写作 $share/组名/主题〔sources[1].topics[4]〕",
            "config.toml:12:11: 不认识 `4`,可用的有 `3.1.1`、`5`〔sources[1].version〕",
            r#"config.toml:14:12: 密钥不得写入配置文件,请写作 { env = "环境变量名" } 或 { file = "密钥文件" }〔sources[1].password〕"#,
            "config.toml:15:7: qos 只能是 0、1、2,却是 3〔sources[1].qos〕",
            "config.toml:16:14: 72000s 太长,至多 \"65535s\"〔sources[1].keep_alive〕",
            "config.toml:17:17: 会话要能续接,须写明 client_id(每台大屏各用一个)〔sources[1].clean_session〕",
            r#"config.toml:18:1: `headers` 不能用于 kind = "mqtt" 的数据源,它属于 kind = "http" 或 "sse" 或 "websocket" 或 "ogc-features" 或 "wfs" 或 "arcgis" 或 "sensorthings"〔sources[1].headers〕"#,
        ],
    ),
    (
        r#"[[sources]]
id = "m"
feed = "devices"
kind = "mqtt"
url = "mqtt://u:hunter2@a"
password = { env = "P" }
topics = ["a/{id}"]
fields = { id = "/sn" }
"#,
        &[
            r#"config.toml:10:7: 网址中不得写用户名和密码;请用 username = "用户名"、password = { env = "环境变量名" }〔sources[1].url〕"#,
            "config.toml:11:1: 有 password 须有 username〔sources[1].password〕",
            "config.toml:12:11: 字段 `id` 已在 fields 中写明,不能又取自主题〔sources[1].topics[0]〕",
        ],
    ),
    (
        r#"[map]
fill = "solved-rat"
classing = "natural"
"#,
        &[
            "config.toml:7:8: 没有这种填色:不认识 `solved-rat`(是否为 `solved-rate`?),可用的有 `events`、`events-per-1000-households`、`closed-rate`、`solved-rate`、`overdue`、`overdue-rate`、`repeated-rate`、`camera-online-rate`、`none`、`reported:KEY`〔map.fill〕",
            "config.toml:8:12: 不认识 `natural`,可用的有 `quantile`、`equal`、`jenks`〔map.classing〕",
        ],
    ),
    (
        r#"[map]
classing = "equal"
breaks = [10, 5]
"#,
        &[
            "config.toml:7:1: `classing` 与 `breaks` 只能写一个:写了分级界限就不再自动分级〔map.classing〕",
            "config.toml:8:15: 分级上界须从小到大,5 却不大于 10〔map.breaks[1]〕",
        ],
    ),
    (
        r#"[[tiles]]
id = "a"
kind = "xyz"
url = "http://t{s}.a/{z}/{x}/{y}?tk={key}"
[[tiles]]
id = "b"
kind = "pmtiles"
url = "http://a/{z}/{x}/{y}"
"#,
        &[
            "config.toml:6:1: 网址中有 {s},却没有 `subdomains`,请写作 subdomains = [\"0\", \"1\", \"2\"]〔tiles[0].subdomains〕",
            r#"config.toml:6:1: 网址中有 {key},却没有 `key`,请写作 key = { env = "环境变量名" }〔tiles[0].key〕"#,
            "config.toml:7:6: 已有数据源用了这个 id〔tiles[0].id〕",
            "config.toml:10:1: 缺少必填的键 `path`〔tiles[1].path〕",
            r#"config.toml:13:1: `url` 不能用于 kind = "pmtiles" 的瓦片,它属于 kind = "xyz" 或 "wmts"〔tiles[1].url〕"#,
        ],
    ),
    (
        r#"[[tiles]]
id = "t"
kind = "mbtiles"
path = "t.mbtiles"
crs = "web-mercator"
matrix = "geographic"
min_zoom = 0
max_zoom = 30
tile_size = 8
opacity = 1.5
layers = { water = "sea" }
"#,
        &[
            "config.toml:10:7: 瓦片的 crs 是基准(wgs84、cgcs2000、gcj02、bd09);墨卡托切分请写 matrix = \"web-mercator\"(默认)〔tiles[0].crs〕",
            "config.toml:12:12: 须在 1 到 24 之间,却是 0〔tiles[0].min_zoom〕",
            "config.toml:13:12: 须在 1 到 24 之间,却是 30〔tiles[0].max_zoom〕",
            "config.toml:14:13: 须在 64 到 2048 之间,却是 8〔tiles[0].tile_size〕",
            "config.toml:15:11: 不透明度须在 0 到 1 之间,却是 1.5〔tiles[0].opacity〕",
            "config.toml:16:20: 不认识 `sea`,可用的有 `water`、`green`、`building`、`road`、`none`〔tiles[0].layers.water〕",
        ],
    ),
    (
        r#"[[tiles]]
id = "t"
kind = "xyz"
url = "http://a/{z}/{x}/{q}?tk=hunter2"
key = { env = "K" }
min_zoom = 9
max_zoom = 8
"#,
        &[
            "config.toml:9:7: 网址参数 `tk` 像是密钥,不得写入配置文件;请改用 headers = { 名称 = { env = \"环境变量名\" } }〔tiles[0].url〕",
            "config.toml:11:12: 最小级别 9 大于最大级别 8〔tiles[0].min_zoom〕",
        ],
    ),
    (
        r#"[alerting]
keep = 3
[[alerts]]
id = "a"
name = "甲"
[[alerts]]
id = "a"
name = "乙"
figure = "close"
event = { overdue = true }
[[alerts]]
id = "c"
figure = "closed"
above = 3
below = 2
takeover = false
takeover_for = "1h"
"#,
        &[
            "config.toml:7:8: 保留的记录数须在 10 到 10000 之间,却是 3〔alerting.keep〕",
            "config.toml:8:1: 须写 event、device、figure、warning 之一:这条规则看什么〔alerts[0]〕",
            "config.toml:12:6: 告警规则 id 重复:与 alerts[0].id 相同〔alerts[1].id〕",
            "config.toml:14:1: 一条规则只看一样,`figure` 请另写一条 [[alerts]]〔alerts[1].figure〕",
            "config.toml:16:1: 缺少必填的键 `name`〔alerts[2].name〕",
            "config.toml:20:1: `above` 与 `below` 只能写一个:上限、下限各写一条规则〔alerts[2].below〕",
            "config.toml:22:1: takeover = false 时 `takeover_for` 没有作用〔alerts[2].takeover_for〕",
            r#"config.toml:22:16: 3600s 太长,至多 "600s"〔alerts[2].takeover_for〕"#,
        ],
    ),
    (
        r#"[[alerts]]
id = "a"
name = "甲"
device = { state = "alarm" }
clear_above = 1
level = "grid"
[[alerts]]
id = "b"
name = "乙"
device = { kind = "水位" }
above = 3
clear_above = 2
[[alerts]]
id = "c"
name = "丙"
event = { stages = ["建档", "综合评价"], severity = "urgent" }
above = 1
[[alerts]]
id = "d"
name = "丁"
figure = "none"
level = "grid"
above = 1
clear_below = 2
"#,
        &[
            "config.toml:9:10: 须写 kind(设备种类)或 id(一台设备)〔alerts[0].device〕",
            "config.toml:10:1: 须与 above 或 below 一起写〔alerts[0].clear_above〕",
            "config.toml:11:1: `level` 只用于 figure〔alerts[0].level〕",
            "config.toml:17:1: 这里须写 `clear_below`:回到界内多远才算恢复〔alerts[1].clear_above〕",
            "config.toml:21:21: 没有这个阶段:不认识 `建档`,可用的有 `信息收集`、`案卷建立`、`任务派遣`、`任务处理`、`处理反馈`、`核查结案`、`综合评价`〔alerts[2].event.stages[0]〕",
            "config.toml:21:27: 最后一个环节即办结,而告警只看未办结的事件〔alerts[2].event.stages[1]〕",
            "config.toml:21:36: 未知的键 `severity`(是否为 `severities`?)〔alerts[2].event.severity〕",
            "config.toml:22:1: 上下限只用于 figure 和 device〔alerts[2].above〕",
            "config.toml:26:10: `none` 不是指标〔alerts[3].figure〕",
            "config.toml:29:15: 恢复的界限须在告警的界限以内:clear_below 不大于 above,clear_above 不小于 below〔alerts[3].clear_below〕",
        ],
    ),
    (
        r#"[[panels]]
id = "p"
kind = "alerts"
"#,
        &["config.toml:8:8: alerts 面板要有规则:请写 [[alerts]]〔panels[0].kind〕"],
    ),
    (
        r#"[heat]
widnow = "3h"
"#,
        &["config.toml:7:1: 未知的键 `widnow`(是否为 `window`?)〔heat.widnow〕"],
    ),
    (
        r"[heat]
window = 3
",
        &[r#"config.toml:7:10: 时长要带单位并加引号,写作 "500ms"、"3s"、"10m"、"3h"、"1d"〔heat.window〕"#],
    ),
    (
        r#"[heat]
window = "3 hours"
radius = "1m"
full_scale = 0
"#,
        &[
            r#"config.toml:7:10: `3 hours` 不是时长,写作 "500ms"、"3s"、"10m"、"3h"、"1d"(单位 ms、s、m、h、d)〔heat.window〕"#,
            r#"config.toml:8:10: 热力半径须在 "5m" 到 "20km" 之间,却是 1m〔heat.radius〕"#,
            "config.toml:9:14: 应大于 0,却是 0〔heat.full_scale〕",
        ],
    ),
    (
        r#"[wall]
theme = "midnite"
audience = "everyone"
"#,
        &[
            "config.toml:7:9: 不认识 `midnite`(是否为 `midnight`?),可用的有 `midnight`、`daylight`、`high-contrast`;自己的主题写文件的路径,以 .toml 结尾〔wall.theme〕",
            "config.toml:8:12: 不认识 `everyone`,可用的有 `duty`、`public`、`demo`〔wall.audience〕",
        ],
    ),
    (
        r#"[wall]
size = "3840×1080"
"#,
        &[r#"config.toml:7:8: 画面尺寸写作 "3840x1080"(宽x高,物理像素,字母 x)〔wall.size〕"#],
    ),
    (
        r#"[wall]
size = "3840x1"
fullscreen = "yes"
"#,
        &[
            "config.toml:7:8: 画面的宽和高须在 320 到 32768 像素之间,却是 3840x1〔wall.size〕",
            "config.toml:8:14: 应为 true 或 false,却是字符串〔wall.fullscreen〕",
        ],
    ),
    (
        r#"[wall]
time_zone = "Asia/Shanghia"
"#,
        &["config.toml:7:13: 不认识时区 `Asia/Shanghia`,应为 IANA 名称,例如 `Asia/Shanghai`〔wall.time_zone〕"],
    ),
    (
        r#"[wall]
title = "${TITLE}"
fonts = []
"#,
        &[
            r#"config.toml:7:9: 不支持 ${…} 替换,请直接写出值;密钥请写作 headers = { 名称 = { env = "变量名" } }〔wall.title〕"#,
            "config.toml:8:9: 至少写一个含中文的字体,或去掉此键以使用默认字体〔wall.fonts〕",
        ],
    ),
    (
        r"[wall]
bezels = { columns = 3, gap_mm = -1 }
",
        &[
            "config.toml:7:10: 缺少必填的键 `screen_width_mm`〔wall.bezels.screen_width_mm〕",
            "config.toml:7:34: 拼缝宽度不能为负,却是 -1〔wall.bezels.gap_mm〕",
        ],
    ),
    (
        r#"[closed_loop]
stages = ["收集"]
"#,
        &["config.toml:7:10: 闭环应有 2 到 12 个环节,却有 1 个〔closed_loop.stages〕"],
    ),
    (
        r#"[closed_loop]
stages = ["收集", "处置", "收集", ""]
"#,
        &[
            "config.toml:7:23: 环节重复:与 closed_loop.stages[0] 相同〔closed_loop.stages[2]〕",
            "config.toml:7:29: 不能为空〔closed_loop.stages[3]〕",
        ],
    ),
    (
        r#"[map]
fill_level = "grids"
"#,
        &[
            "config.toml:7:14: 不认识 `grids`(是否为 `grid`?),可用的有 `city`、`district`、`street`、`community`、`grid`、`micro-grid`〔map.fill_level〕",
        ],
    ),
    (
        r#"level = "grid"
url = "http://a/"
every = "1s"
"#,
        &[
            r#"config.toml:7:1: `url` 不能用于 kind = "file" 的数据源,它属于 kind = "http" 或 "sse" 或 "websocket" 或 "mqtt" 或 "postgres" 或 "ogc-features" 或 "wfs" 或 "arcgis" 或 "sensorthings"〔sources[0].url〕"#,
            r#"config.toml:8:1: `every` 不能用于 kind = "file" 的数据源,它属于 kind = "http" 或 "postgres" 或 "ogc-features" 或 "wfs" 或 "arcgis" 或 "sensorthings"〔sources[0].every〕"#,
        ],
    ),
    (
        r#"crs = "gcj2"
limits = { bytes = "64Mb", records = 0 }
"#,
        &[
            "config.toml:6:7: 不认识 `gcj2`(是否为 `gcj02`?),可用的有 `wgs84`、`cgcs2000`、`gcj02`、`bd09`、`web-mercator`、`EPSG:4549`、`cgcs2000-gk3-118.5`、`cgcs2000-gk3-zone40`〔sources[0].crs〕",
            r#"config.toml:7:20: `64Mb` 不是数据量,写作 "512KiB"、"64MiB"、"1GiB"(单位 B、KB、MB、GB、KiB、MiB、GiB)〔sources[0].limits.bytes〕"#,
            "config.toml:7:38: 上限应大于 0,却是 0〔sources[0].limits.records〕",
        ],
    ),
    (
        r#"[[sources]]
id = "a"
feed = "areas"
kind = "file"
path = "~/a.geojson"
"#,
        &[
            "config.toml:7:6: 数据源 id 重复:与 sources[0].id 相同〔sources[1].id〕",
            "config.toml:10:8: 路径中的 ~ 不会展开,请写绝对路径或相对于配置文件的路径〔sources[1].path〕",
        ],
    ),
    (
        r#"[[sources]]
id = "事件"
feed = "event"
kind = "http"
"#,
        &[
            "config.toml:6:1: 缺少必填的键 `url`〔sources[1].url〕",
            "config.toml:7:6: id `事件` 只能由字母、数字、- 和 _ 组成〔sources[1].id〕",
            "config.toml:8:8: 不认识 `event`(是否为 `events`?),可用的有 `areas`、`events`、`cameras`、`devices`、`tracks`、`figures`、`context`〔sources[1].feed〕",
        ],
    ),
    (
        r"[[sources]]
",
        &[
            "config.toml:6:1: 缺少必填的键 `id`〔sources[1].id〕",
            "config.toml:6:1: 缺少必填的键 `feed`〔sources[1].feed〕",
            "config.toml:6:1: 缺少必填的键 `kind`〔sources[1].kind〕",
        ],
    ),
    (
        r#"[[sources]]
id = "e"
feed = "events"
kind = "http"
url = "http://a/?token=abc"
every = "100ms"
level = "grid"
"#,
        &[
            r#"config.toml:10:7: 网址参数 `token` 像是密钥,不得写入配置文件;请改用 headers = { 名称 = { env = "环境变量名" } }〔sources[1].url〕"#,
            r#"config.toml:11:9: 0.1s 太短,至少 "200ms"〔sources[1].every〕"#,
            r#"config.toml:12:1: `level` 只用于 feed = "areas" 的数据源,这里是 "events"〔sources[1].level〕"#,
        ],
    ),
    (
        r#"[[sources]]
id = "e"
feed = "events"
kind = "sse"
url = "127.0.0.1/a"
every = "5s"
records = "data"
"#,
        &[
            "config.toml:10:7: 网址须以 http:// 或 https:// 开头〔sources[1].url〕",
            r#"config.toml:11:1: `every` 不能用于 kind = "sse" 的数据源,它属于 kind = "http" 或 "postgres" 或 "ogc-features" 或 "wfs" 或 "arcgis" 或 "sensorthings"〔sources[1].every〕"#,
            "config.toml:12:11: `data` 不是 JSON 指针,写作 `/data/records`(RFC 6901)〔sources[1].records〕",
        ],
    ),
    (
        r#"[[sources]]
id = "e"
feed = "events"
kind = "http"
url = "http://a/"
every = "1m"
stale_after = "30s"
paging = { page = "p", size = "p", per_page = 0 }
"#,
        &[
            "config.toml:12:15: 30s 比请求间隔 60s 还短,数据会总是显示为过期〔sources[1].stale_after〕",
            "config.toml:13:31: page 与 size 不能是同一个参数〔sources[1].paging.size〕",
            "config.toml:13:47: 每页记录数须在 1 到 100000 之间,却是 0〔sources[1].paging.per_page〕",
        ],
    ),
    (
        r#"[[sources]]
id = "e"
feed = "events"
kind = "http"
url = "http://a/"
headers = { Authorization = "Bearer abc", "a b" = "c", X-Token = { env = "A", file = "b" } }
"#,
        &[
            r#"config.toml:11:29: 请求头 `Authorization` 像是密钥:密钥不得写入配置文件,请写作 { env = "环境变量名" } 或 { file = "密钥文件" }〔sources[1].headers.Authorization〕"#,
            r#"config.toml:11:43: `a b` 不是请求头的名称〔sources[1].headers."a b"〕"#,
            r#"config.toml:11:66: 应恰有 env、file 与 credential 之一:{ env = "环境变量名" }、{ file = "密钥文件" } 或 { credential = "systemd 凭据名" }〔sources[1].headers.X-Token〕"#,
        ],
    ),
    (
        r#"[sources.fields]
coed = "/properties/code"
name = "/a~"
"#,
        &[
            "config.toml:7:1: `areas` 数据没有字段 `coed`(是否为 `code`?)〔sources[0].fields.coed〕",
            "config.toml:8:8: `/a~` 不是 JSON 指针(~ 写作 ~0,/ 写作 ~1,RFC 6901)〔sources[0].fields.name〕",
        ],
    ),
    (
        r#"crs = "EPSG:1"
axis_order = "yx"
encoding = "big5"
time_zone = "Asia/Nanjing"
time_format = "%H:%M"
"#,
        &[
            "config.toml:6:7: 不认识 `EPSG:1`,可用的有 `wgs84`、`cgcs2000`、`gcj02`、`bd09`、`web-mercator`、`EPSG:4549`、`cgcs2000-gk3-118.5`、`cgcs2000-gk3-zone40`〔sources[0].crs〕",
            "config.toml:7:14: 不认识 `yx`,可用的有 `lon-lat`、`lat-lon`〔sources[0].axis_order〕",
            "config.toml:8:12: 不认识 `big5`,可用的有 `utf-8`、`gbk`、`gb18030`〔sources[0].encoding〕",
            "config.toml:9:13: 不认识时区 `Asia/Nanjing`,应为 IANA 名称(如 `Asia/Shanghai`)或 `+08:00`〔sources[0].time_zone〕",
            "config.toml:10:15: 按这个格式读不出日期,至少要有年月日,如 %Y-%m-%d %H:%M〔sources[0].time_format〕",
        ],
    ),
    (
        r#"[sources.fields]
name = { expr = "a ~ " }
code = { expr = "a|upcase" }
level = { exp = "a" }
kind = 3
parent = { expr = "" }
households = { expr = "a is even" }
"#,
        &[
            "config.toml:7:17: 表达式语法错误:unexpected end of input, expected expression〔sources[0].fields.name.expr〕",
            "config.toml:8:17: 没有过滤器 `upcase`,可用的有 abs、default、first、float、int、join、last、length、lower、pad、replace、round、split、trim、upper〔sources[0].fields.code.expr〕",
            "config.toml:9:11: 未知的键 `exp`(是否为 `expr`?)〔sources[0].fields.level.exp〕",
            r#"config.toml:10:8: 字段应为 JSON 指针或列名(字符串),或 { expr = "表达式" }〔sources[0].fields.kind〕"#,
            "config.toml:11:19: 表达式为空〔sources[0].fields.parent.expr〕",
            "config.toml:12:23: `is` 之后没有 `even`,可用的有 containing、defined、endingwith、mapping、number、sequence、startingwith、string、undefined〔sources[0].fields.households.expr〕",
        ],
    ),
    (
        r#"[sources.values.level]
"1" = "gird"
[sources.values.kinds]
"1" = "x"
"#,
        &[
            "config.toml:7:7: 不认识 `gird`(是否为 `grid`?),可用的有 `city`、`district`、`street`、`community`、`grid`、`micro-grid`〔sources[0].values.level.1〕",
            "config.toml:8:17: `areas` 数据没有字段 `kinds`(是否为 `kind`?)〔sources[0].values.kinds〕",
        ],
    ),
    (
        r#"[[panels]]
id = "p"
kind = "ranking"
sources = ["a", "b", "a"]
every = "5s"
"#,
        &[
            "config.toml:9:17: 没有这个数据源:不认识 `b`,可用的有 `a`〔panels[0].sources[1]〕",
            "config.toml:9:22: 数据源重复:与 panels[0].sources[0] 相同〔panels[0].sources[2]〕",
            r#"config.toml:10:1: `every` 不能用于 kind = "ranking" 的面板,它属于 kind = "cameras"〔panels[0].every〕"#,
        ],
    ),
    (
        r#"[[panels]]
id = "p"
kind = "key-figures"
figures = ["recieved", "closed", "closed", "reported:"]
[[panels]]
id = "p"
kind = "trends"
"#,
        &[
            "config.toml:9:12: 没有这个指标:不认识 `recieved`(是否为 `received`?),可用的有 `received`、`closed`、`solved`、`satisfied`、`overdue`、`repeated`、`handling-time`、`reported:KEY`〔panels[0].figures[0]〕",
            "config.toml:9:34: 指标重复:与 panels[0].figures[1] 相同〔panels[0].figures[2]〕",
            "config.toml:9:44: 没有这个指标:不认识 `reported:`(是否为 `reported:KEY`?),可用的有 `received`、`closed`、`solved`、`satisfied`、`overdue`、`repeated`、`handling-time`、`reported:KEY`〔panels[0].figures[3]〕",
            "config.toml:11:6: 面板 id 重复:与 panels[0].id 相同〔panels[1].id〕",
            "config.toml:12:8: 不认识 `trends`(是否为 `trend`?),可用的有 `key-figures`、`closed-loop`、`categories`、`alerts`、`warnings`、`live-events`、`ranking`、`trend`、`devices`、`cameras`、`time-axis`〔panels[1].kind〕",
        ],
    ),
    (
        r#"[[panels]]
id = "p"
kind = "trend"
column = 5
columns = 0
rows = 13
[[panels]]
id = "q"
kind = "time-axis"
area = "focus"
column = 1
[[panels]]
id = "r"
kind = "trend"
column = 3
columns = 3
"#,
        &[
            "config.toml:9:10: 列号须在 1 到 4 之间,却是 5〔panels[0].column〕",
            "config.toml:10:11: 列数须在 1 到 4 之间,却是 0〔panels[0].columns〕",
            "config.toml:11:8: 行数须在 1 到 12 之间,却是 13〔panels[0].rows〕",
            r#"config.toml:15:1: `area` 不能用于 kind = "time-axis" 的面板,它属于 kind = "key-figures" 或 "closed-loop" 或 "categories" 或 "live-events" 或 "trend"〔panels[1].area〕"#,
            "config.toml:16:1: `column` 只用于 left、right:下方的面板按先后自左而右〔panels[1].column〕",
            "config.toml:21:11: 从第 3 列起跨 3 列,超出了 4 列〔panels[2].columns〕",
        ],
    ),
    (
        r#"[[panels]]
id = "loop"
kind = "closed-loop"
[[scenes]]
name = "甲"
panels = ["lop"]
layers = ["heatmap", "labels"]
[[scenes]]
name = "甲"
duration = "100ms"
"#,
        &[
            "config.toml:11:11: 没有这个面板:不认识 `lop`(是否为 `loop`?),可用的有 `loop`〔scenes[0].panels[0]〕",
            "config.toml:12:11: 不认识 `heatmap`(是否为 `heat`?),可用的有 `context`、`areas`、`heat`、`tracks`、`cameras`、`devices`、`labels`〔scenes[0].layers[0]〕",
            "config.toml:14:8: 场景名称重复:与 scenes[0].name 相同〔scenes[1].name〕",
            r#"config.toml:15:12: 0.1s 太短,至少 "1s"〔scenes[1].duration〕"#,
        ],
    ),
    (
        r#"[scenes]
name = "甲"
"#,
        &["config.toml:6:1: 应为数组(多个同类的表写作 [[scenes]]),却是表〔scenes〕"],
    ),
    (
        r#"[source]
id = "b"
"#,
        &["config.toml:6:2: 未知的键 `source`(是否为 `sources`?)〔source〕"],
    ),
    (
        r#"[wall]
title = "a"
title = "b"
"#,
        &["config.toml:8:1: TOML 语法错误:键重复(duplicate key)"],
    ),
    (
        r"[wall]
title = 全域
",
        &["config.toml:7:9: TOML 语法错误:字符串要加引号(string values must be quoted, expected literal string)"],
    ),
    (
        r#"[wall]
title = "全域
"#,
        &[
            r#"config.toml:7:12: TOML 语法错误:字符串不完整或含有非法字符(反斜杠写作 \\)(invalid basic string, expected `"`)"#,
        ],
    ),
    (
        r#"[heat
window = "3h"
"#,
        &["config.toml:6:6: TOML 语法错误:缺少 ](unclosed table, expected `]`)"],
    ),
    (
        r#"staleAfter = "3s"
"#,
        &["config.toml:6:1: 未知的键 `staleAfter`(是否为 `stale_after`?)〔sources[0].staleAfter〕"],
    ),
    (
        r#"[wall]
return_after = "99999d"
"#,
        &[r#"config.toml:7:16: 8639913600s 太长,至多 "3650d"〔wall.return_after〕"#],
    ),
];
