-- The schema raw as the first version wrote it (commit 5a2793f, two generated files, none refused): pg_dump --schema raw --inserts





CREATE SCHEMA raw;





CREATE TABLE raw._dlt_loads (
    load_id character varying(64) NOT NULL,
    schema_name character varying,
    status bigint NOT NULL,
    inserted_at timestamp with time zone NOT NULL,
    schema_version_hash character varying
);



CREATE TABLE raw._dlt_pipeline_state (
    version bigint NOT NULL,
    engine_version bigint NOT NULL,
    pipeline_name character varying NOT NULL,
    state character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    version_hash character varying,
    _dlt_load_id character varying(64) NOT NULL,
    _dlt_id character varying NOT NULL
);



CREATE TABLE raw._dlt_version (
    version bigint NOT NULL,
    engine_version bigint NOT NULL,
    inserted_at timestamp with time zone NOT NULL,
    schema_name character varying NOT NULL,
    version_hash character varying NOT NULL,
    schema character varying NOT NULL
);



CREATE TABLE raw.file_blocks (
    file_id character varying NOT NULL,
    block_number bigint NOT NULL,
    first_line bigint NOT NULL,
    line_count bigint NOT NULL,
    lines character varying NOT NULL,
    _dlt_load_id character varying NOT NULL,
    _dlt_id character varying NOT NULL
)
WITH (parallel_workers='2');



CREATE TABLE raw.file_sightings (
    file_id character varying NOT NULL,
    file_path character varying NOT NULL,
    file_name character varying NOT NULL,
    modified_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    _dlt_load_id character varying NOT NULL,
    _dlt_id character varying NOT NULL
);



CREATE TABLE raw.files (
    file_id character varying NOT NULL,
    file_bytes bigint NOT NULL,
    encoding character varying NOT NULL,
    has_bom boolean NOT NULL,
    newline character varying NOT NULL,
    source_format character varying NOT NULL,
    format_family character varying NOT NULL,
    delimiter character varying,
    quoting character varying,
    header_line bigint,
    units_line bigint,
    first_data_line bigint,
    line_count bigint NOT NULL,
    landed_at timestamp with time zone NOT NULL,
    _dlt_load_id character varying NOT NULL,
    _dlt_id character varying NOT NULL
);



CREATE TABLE raw.rejected_files (
    file_id character varying NOT NULL,
    file_name character varying NOT NULL,
    file_path character varying NOT NULL,
    file_bytes bigint NOT NULL,
    reason character varying NOT NULL,
    detail character varying NOT NULL,
    head character varying,
    rejected_at timestamp with time zone NOT NULL
);



INSERT INTO raw._dlt_loads VALUES ('1795259289.2295597', 'raw', 0, '2026-11-21 11:08:10.524598+00', '8ua6SAoxop2Kvk9tE+GwwgYpXNIgeU2yG34FHxQ7+Ew=');



INSERT INTO raw._dlt_pipeline_state VALUES (1, 4, 'simrace_embedded', 'eNpVj9FqwkAQRf9lnoOoBGkDfbDFvlhSCEoLIsvEnZrF3XXNTBJK6b+7sSnE13Nnzp35AcWCQqqlms3ZQzZL/hH5o/GjJE1A0xc2VhQfKnKoPDqCDGrsIIERY8h2N7pPIJhAtvcMw2xcjYdodyVpTTpuahRkknudJhbjUWK1ku/QB9rKZIR5Es4sxzrW3Y//eXxjbfxlOF9VyFV0dNUHhrQo13nebV636WXerk7526d5mLYlLYrV+6NbhsWLPE+f4PcKSDZmNw==', '2026-11-21 11:08:09.34353+00', 'whWap4RbKNNwTFU4q2vEkNLXi80vbe6REO9mAp6CtB0=', '1795259289.2295597', 'ZONKs8AhpWRZ2g');



INSERT INTO raw._dlt_version VALUES (2, 11, '2026-11-21 11:08:10.110407+00', 'raw', '8ua6SAoxop2Kvk9tE+GwwgYpXNIgeU2yG34FHxQ7+Ew=', '{"version":2,"version_hash":"8ua6SAoxop2Kvk9tE+GwwgYpXNIgeU2yG34FHxQ7+Ew=","engine_version":11,"name":"raw","tables":{"_dlt_version":{"name":"_dlt_version","columns":{"version":{"name":"version","data_type":"bigint","nullable":false,"description":"Numeric version of the schema, incremented on each schema change"},"engine_version":{"name":"engine_version","data_type":"bigint","nullable":false,"description":"Version of the dlt schema engine that created this schema"},"inserted_at":{"name":"inserted_at","data_type":"timestamp","nullable":false,"description":"Timestamp when this schema version was stored"},"schema_name":{"name":"schema_name","data_type":"text","nullable":false,"description":"Name of the schema"},"version_hash":{"name":"version_hash","data_type":"text","nullable":false,"description":"Unique hash of the schema content, used to detect changes"},"schema":{"name":"schema","data_type":"text","nullable":false,"description":"JSON representation of the complete schema definition"}},"write_disposition":"skip","resource":"_dlt_version","description":"Created by DLT. Tracks schema updates"},"_dlt_loads":{"name":"_dlt_loads","columns":{"load_id":{"name":"load_id","data_type":"text","nullable":false,"precision":64,"description":"Unique identifier of the load operation"},"schema_name":{"name":"schema_name","data_type":"text","nullable":true,"description":"Name of the schema associated with this load"},"status":{"name":"status","data_type":"bigint","nullable":false,"description":"Status of the load operation (0 = success)"},"inserted_at":{"name":"inserted_at","data_type":"timestamp","nullable":false,"description":"Timestamp when the load was completed"},"schema_version_hash":{"name":"schema_version_hash","data_type":"text","nullable":true,"description":"Hash of the schema version used during this load"}},"write_disposition":"skip","resource":"_dlt_loads","description":"Created by DLT. Tracks completed loads"},"files":{"name":"files","columns":{"file_id":{"name":"file_id","nullable":false,"data_type":"text"},"file_bytes":{"name":"file_bytes","nullable":false,"data_type":"bigint"},"encoding":{"name":"encoding","nullable":false,"data_type":"text"},"has_bom":{"name":"has_bom","nullable":false,"data_type":"bool"},"newline":{"name":"newline","nullable":false,"data_type":"text"},"source_format":{"name":"source_format","nullable":false,"data_type":"text"},"format_family":{"name":"format_family","nullable":false,"data_type":"text"},"delimiter":{"name":"delimiter","nullable":true,"data_type":"text"},"quoting":{"name":"quoting","nullable":true,"data_type":"text"},"header_line":{"name":"header_line","nullable":true,"data_type":"bigint"},"units_line":{"name":"units_line","nullable":true,"data_type":"bigint"},"first_data_line":{"name":"first_data_line","nullable":true,"data_type":"bigint"},"line_count":{"name":"line_count","nullable":false,"data_type":"bigint"},"landed_at":{"name":"landed_at","nullable":false,"data_type":"timestamp"},"_dlt_load_id":{"name":"_dlt_load_id","data_type":"text","nullable":false},"_dlt_id":{"name":"_dlt_id","data_type":"text","nullable":false,"unique":true,"row_key":true}},"write_disposition":"append","schema_contract":{"columns":"freeze","data_type":"freeze"},"resource":"files","x-normalizer":{"seen-data":true}},"file_sightings":{"name":"file_sightings","columns":{"file_id":{"name":"file_id","nullable":false,"data_type":"text"},"file_path":{"name":"file_path","nullable":false,"data_type":"text"},"file_name":{"name":"file_name","nullable":false,"data_type":"text"},"modified_at":{"name":"modified_at","nullable":false,"data_type":"timestamp"},"seen_at":{"name":"seen_at","nullable":false,"data_type":"timestamp"},"_dlt_load_id":{"name":"_dlt_load_id","data_type":"text","nullable":false},"_dlt_id":{"name":"_dlt_id","data_type":"text","nullable":false,"unique":true,"row_key":true}},"write_disposition":"append","schema_contract":{"columns":"freeze","data_type":"freeze"},"resource":"files","x-normalizer":{"seen-data":true}},"file_blocks":{"name":"file_blocks","columns":{"file_id":{"name":"file_id","nullable":false,"data_type":"text"},"block_number":{"name":"block_number","nullable":false,"data_type":"bigint"},"first_line":{"name":"first_line","nullable":false,"data_type":"bigint"},"line_count":{"name":"line_count","nullable":false,"data_type":"bigint"},"lines":{"name":"lines","nullable":false,"data_type":"text"},"_dlt_load_id":{"name":"_dlt_load_id","data_type":"text","nullable":false},"_dlt_id":{"name":"_dlt_id","data_type":"text","nullable":false,"unique":true,"row_key":true}},"write_disposition":"append","schema_contract":{"columns":"freeze","data_type":"freeze"},"resource":"files","x-normalizer":{"seen-data":true}},"rejected_files":{"name":"rejected_files","columns":{"file_id":{"name":"file_id","nullable":false,"data_type":"text"},"file_name":{"name":"file_name","nullable":false,"data_type":"text"},"file_path":{"name":"file_path","nullable":false,"data_type":"text"},"file_bytes":{"name":"file_bytes","nullable":false,"data_type":"bigint"},"reason":{"name":"reason","nullable":false,"data_type":"text"},"detail":{"name":"detail","nullable":false,"data_type":"text"},"head":{"name":"head","nullable":true,"data_type":"text"},"rejected_at":{"name":"rejected_at","nullable":false,"data_type":"timestamp"}},"write_disposition":"append","schema_contract":{"columns":"freeze","data_type":"freeze"},"resource":"rejected_files"},"_dlt_pipeline_state":{"columns":{"version":{"name":"version","data_type":"bigint","nullable":false,"description":"Numeric version of the pipeline state"},"engine_version":{"name":"engine_version","data_type":"bigint","nullable":false,"description":"Version of the dlt state engine"},"pipeline_name":{"name":"pipeline_name","data_type":"text","nullable":false,"description":"Name of the pipeline this state belongs to"},"state":{"name":"state","data_type":"text","nullable":false,"description":"Compressed JSON representation of the pipeline state"},"created_at":{"name":"created_at","data_type":"timestamp","nullable":false,"description":"Timestamp when this state was created"},"version_hash":{"name":"version_hash","data_type":"text","nullable":true,"description":"Hash of the state content, used to detect changes"},"_dlt_load_id":{"name":"_dlt_load_id","data_type":"text","nullable":false,"precision":64,"description":"Load identifier linking this row to its load operation"},"_dlt_id":{"name":"_dlt_id","data_type":"text","nullable":false,"unique":true,"row_key":true}},"write_disposition":"append","file_format":"preferred","name":"_dlt_pipeline_state","resource":"_dlt_pipeline_state","x-normalizer":{"seen-data":true}}},"settings":{"detections":["iso_timestamp"],"default_hints":{"not_null":["_dlt_id","_dlt_root_id","_dlt_parent_id","_dlt_list_idx","_dlt_load_id"],"parent_key":["_dlt_parent_id"],"root_key":["_dlt_root_id"],"unique":["_dlt_id"],"row_key":["_dlt_id"]}},"normalizers":{"names":"snake_case","json":{"module":"dlt.common.normalizers.json.relational","config":{"max_nesting":0}}},"previous_hashes":["b2tbWAIaWBU/eMMWRr9FStSFTD/IYXIlbdGhCEDYZ58=","lBeeB2o1tRr49Cf74vxmZR7uuSGvt54IPnolTadipqs="]}');



INSERT INTO raw.file_blocks VALUES ('6bc858ba2c9bdeb22396dd5d2be08ef463b8096638d00a941a05fcb61c2749ee', 1, 1, 21, 'Speed,LapDistPct,Lat,Lon,Brake,Throttle,RPM,SteeringWheelAngle,Gear,Clutch,ABSActive,DRSActive,LatAccel,LongAccel,VertAccel,Yaw,YawRate,PositionType
64.621885,8.3111362e-05,40.96527240704873,-5.814060229745474,0,1,7552.08,0.023542304,5,1,false,false,0,2.2800724,11.755258,0.34906585,0,3
64.659808,0.00026863017,40.965275758607646,-5.814048205853234,0,1,7556.5118,0.024432339,5,1,false,false,0,2.2710714,11.010911,0.34906585,0,3
64.697581,0.00045425704,40.96527890452816,-5.814036074896075,0,1,7560.9263,0.025811984,5,1,false,false,0,2.2621074,11.555595,0.34906585,0,3
64.735206,0.00063999154,40.96528221894716,-5.814024017244205,0,1,7565.3233,0.023407888,5,1,false,false,0,2.2531801,11.172606,0.34906585,0,3
64.772683,0.00082583324,40.96528577663462,-5.814012068969405,0,1,7569.7031,0.019917663,5,1,false,false,0,2.2442894,9.8500679,0.34906585,0,3
64.810014,0.0010117817,40.96528936818941,-5.814000129169577,-1e-09,1,7574.0658,0.019026003,5,1,false,false,0,2.2354351,9.3874668,0.34906585,0,3
64.847197,0.0011978365,40.96529267015029,-5.813988041964218,0,1,7578.4113,0.017771765,5,1,false,false,0,2.2266171,9.657882,0.34906585,0,3
64.884235,0.0013839972,40.96529602763167,-5.813975973733813,0,1,7582.7397,0.0088980522,5,1,false,false,0,2.2178351,9.0171776,0.34906585,0,3
64.921128,0.0015702634,40.9652994995509,-5.813963952908435,0,1,7587.0512,0.004766554,5,1,false,false,0,2.2090891,9.568425,0.34906585,0,3
64.957876,0.0017566347,40.96530282168112,-5.813951852158826,0,1,7591.3458,0.0068529416,5,1,false,false,0,2.2003787,9.4149452,0.34906585,0,3
64.99448,0.0019431106,40.96530604736828,-5.813939697229309,0,1,7595.6236,0.0080119527,5,1,false,false,0,2.191704,9.5104944,0.34906585,0,3
65.030941,0.0021296907,40.96530954026221,-5.813927663434119,0,1,7599.8846,0.006534904,5,1,false,false,0,2.1830646,10.238016,0.34906585,0,3
65.067252,0.0023163792,40.965313327406264,-5.813915763501643,0,1,7604.1281,0.0032303707,5,1,false,false,0,2.174462,9.1082666,0.34906585,0,3
65.103418,0.002503174,40.96531691091634,-5.813903757604574,0,1,7608.3546,-0.010152505,5,1,false,false,0,2.1658955,8.7817081,0.34906585,0,3
65.139441,0.0026900717,40.965321034497045,-5.813892004458281,0,1,7612.5646,-0.012939125,5,1,false,false,0,2.1573638,10.195749,0.34906585,0,3
65.175324,0.0028770719,40.96532481331743,-5.813880077594433,0,1,7616.758,-0.01017115,5,1,false,false,0,2.1488669,9.6679561,0.34906585,0,3
65.211066,0.0030641743,40.9653282289881,-5.813867968179323,0,1,7620.9351,-0.011389622,5,1,false,false,0,2.1404046,9.8360213,0.34906585,0,3
65.246669,0.0032513785,40.96533195134428,-5.813855999111277,0,1,7625.0958,-0.0067318803,5,1,false,false,0,2.1319767,10.53522,0.34906585,0,3
65.282132,0.0034386839,40.96533531953935,-5.8138438518845765,0,1,7629.2402,-0.0073291891,5,1,false,false,0,2.123583,10.221486,0.34906585,0,3
65.317456,0.0036260902,40.965338396900414,-5.813831557053423,0,1,7633.3684,-0.010424319,5,1,false,false,0,2.1152234,9.1632687,0.34906585,0,3
', '1795259289.2295597', 'QlXAdtqJpuDS4A');
INSERT INTO raw.file_blocks VALUES ('53bb849ade7fb35c1dad8397ed16e7447cda681444ffe19f647cb3a88588086b', 1, 1, 25, '"Start Time","Track","Series","Season Year","Season Quarter","Rookie Season","Race Week","Strength of Field","Special Event Type"
"2026-02-20T07:00:00Z","Saltmarsh Ring - Grand Prix","GT Coast Challenge","2026","1","N/A","3","1753",""

"Fin Pos","Car ID","Car","Car Class ID","Car Class","Team ID","Cust ID","Name","Start Pos","Car #","Out ID","Out","Interval","Laps Led","Qualify Time","Average Lap Time","Fastest Lap Time","Fast Lap#","Laps Comp","Inc","Pts","Club Pts","Div","Club ID","Club","Old iRating","New iRating","Old License Level","Old License Sub-Level","New License Level","New License Sub-Level","Series Name","Max Fuel Fill%","Weight Penalty (KG)","Agg Pts","AI"
"1","812","GT3 Merlin","71","GT3 Class","455309","455309","Kester Östermåne","1","224","0","Running","-00.000","13","","1:48.028","1:45.988","8","13","5","114","","6","0","","3962","4002","18","204","17","157","GT Coast Challenge","100","0","114","0"
"2","812","GT3 Merlin","71","GT3 Class","539116","539116","Dagny Harcastle","2","244","0","Running","-00.585","0","","1:48.073","1:46.311","2","13","3","108","","6","0","","3504","3542","16","407","16","409","GT Coast Challenge","100","0","108","0"
"3","812","GT3 Merlin","71","GT3 Class","461045","461045","Dagny Delacôte","3","143","0","Running","-02.626","0","","1:48.230","1:46.494","11","13","5","102","","6","0","","3528","3557","19","392","19","382","GT Coast Challenge","100","0","102","0"
"4","812","GT3 Merlin","71","GT3 Class","573018","573018","Orso Varga-Lowe","5","371","0","Running","-10.101","0","","1:48.805","1:46.787","9","13","3","96","","5","0","","2840","2874","14","266","14","262","GT Coast Challenge","100","0","96","0"
"5","811","GT3 Falcon","71","GT3 Class","574171","574171","Corin Delacôte","11","198","0","Running","-22.373","0","","1:49.749","1:47.339","5","13","2","90","","4","0","","2586","2617","15","332","15","334","GT Coast Challenge","100","0","90","0"
"6","811","GT3 Falcon","71","GT3 Class","423416","423416","Quirin Fjellbakk","13","226","0","Running","-25.077","0","","1:49.957","1:48.827","7","13","2","84","","4","0","","2267","2298","9","185","9","191","GT Coast Challenge","100","0","84","0"
"7","811","GT3 Falcon","71","GT3 Class","478881","478881","Núria Ikonaro","8","236","0","Running","-25.727","0","","1:50.007","1:48.998","12","13","6","78","","4","0","","2379","2397","16","471","16","458","GT Coast Challenge","100","0","78","0"
"8","812","GT3 Merlin","71","GT3 Class","411002","411002","Kester Jelvik","7","19","0","Running","-27.157","0","","1:50.117","1:48.519","6","13","3","72","","2","0","","1007","1068","11","384","11","381","GT Coast Challenge","100","0","72","0"
"9","811","GT3 Falcon","71","GT3 Class","555147","555147","Matteu Fjellbakk","16","151","0","Running","-28.821","0","","1:50.245","1:48.376","9","13","4","66","","2","0","","1380","1414","11","383","11","378","GT Coast Challenge","100","0","66","0"
"10","811","GT3 Falcon","71","GT3 Class","411001","411001","Dagny Morrowby","12","71","0","Running","-29.315","0","","1:50.283","1:47.975","7","13","7","60","","3","0","","1752","1762","16","418","16","401","GT Coast Challenge","100","0","60","0"
"11","812","GT3 Merlin","71","GT3 Class","427696","427696","Eskil Fjellbakk","9","269","0","Running","-31.694","0","","1:50.466","1:48.593","3","13","5","54","","3","0","","1442","1455","14","284","14","268","GT Coast Challenge","100","0","54","0"
"12","812","GT3 Merlin","71","GT3 Class","443632","443632","Rósa Ikonaro","17","331","0","Running","-32.500","0","","1:50.528","1:49.431","7","13","1","48","","2","0","","715","754","18","232","18","238","GT Coast Challenge","100","0","48","0"
"13","812","GT3 Merlin","71","GT3 Class","435139","435139","Kester Ikonaro","10","247","0","Running","-32.604","0","","1:50.536","1:48.278","6","13","6","42","","2","0","","1189","1194","18","253","18","234","GT Coast Challenge","100","0","42","0"
"14","812","GT3 Merlin","71","GT3 Class","487369","487369","Quirin Ikonaro","6","265","0","Running","-33.813","0","","1:50.629","1:49.182","1","13","4","36","","2","0","","920","929","19","332","19","330","GT Coast Challenge","100","0","36","0"
"15","811","GT3 Falcon","71","GT3 Class","527810","527810","Søren Fjellbakk","19","336","0","Running","-33.891","0","","1:50.635","1:48.859","3","13","4","30","","4","0","","2119","2070","18","242","18","241","GT Coast Challenge","100","0","30","0"
"16","811","GT3 Falcon","71","GT3 Class","411004","411004","Nora Östermåne","14","125","0","Running","-34.424","0","","1:50.676","1:49.642","12","13","1","24","","2","0","","1381","1349","19","371","19","379","GT Coast Challenge","100","0","24","0"
"17","811","GT3 Falcon","71","GT3 Class","417149","417149","Quirin Güntherode","18","183","0","Running","-34.476","0","","1:50.680","1:48.033","3","13","1","18","","2","0","","1132","1102","17","187","17","192","GT Coast Challenge","100","0","18","0"
"18","811","GT3 Falcon","71","GT3 Class","521247","521247","Kester Harcastle","15","147","0","Running","-35.737","0","","1:50.777","1:48.400","10","13","3","12","","2","0","","1191","1149","16","402","16","401","GT Coast Challenge","100","0","12","0"
"19","811","GT3 Falcon","71","GT3 Class","500577","500577","Fiora Morrowby","20","242","0","Running","-37.141","0","","1:50.885","1:49.736","13","13","5","6","","2","0","","1254","1199","13","134","13","121","GT Coast Challenge","100","0","6","0"
"20","811","GT3 Falcon","71","GT3 Class","570188","570188","Matteu Kovarny","21","81","0","Running","-38.883","0","","1:51.019","1:49.648","7","13","6","0","","2","0","","1126","1068","19","349","19","332","GT Coast Challenge","100","0","0","0"
"21","812","GT3 Merlin","71","GT3 Class","558147","558147","Aino Morrowby","4","139","32","Disconnected","-2 L","0","","1:48.903","1:46.965","1","11","6","0","","4","0","","2722","2599","10","212","9","148","GT Coast Challenge","100","0","0","0"
', '1795259289.2295597', 'JU2LYRJZwkyhUg');



INSERT INTO raw.file_sightings VALUES ('6bc858ba2c9bdeb22396dd5d2be08ef463b8096638d00a941a05fcb61c2749ee', 'files/Garage 61 - Dagny Morrowby - Proto Kestrel P2 - Torrevento - Full Course - 02.11.543 - 01JQCHWPM0PYW24VHKM9J70VDW.csv', 'Garage 61 - Dagny Morrowby - Proto Kestrel P2 - Torrevento - Full Course - 02.11.543 - 01JQCHWPM0PYW24VHKM9J70VDW.csv', '2025-03-27 20:40:00+00', '2026-11-21 11:08:09.274567+00', '1795259289.2295597', 'p1aWWWUaaJLMVw');
INSERT INTO raw.file_sightings VALUES ('53bb849ade7fb35c1dad8397ed16e7447cda681444ffe19f647cb3a88588086b', 'files/eventresult_83779478.csv', 'eventresult_83779478.csv', '2026-02-20 08:00:00+00', '2026-11-21 11:08:09.293426+00', '1795259289.2295597', 'X5OSnHs9rGo21A');



INSERT INTO raw.files VALUES ('6bc858ba2c9bdeb22396dd5d2be08ef463b8096638d00a941a05fcb61c2749ee', 2943, 'utf-8', false, 'lf', 'garage61_csv', 'telemetry', ',', 'none', 1, NULL, 2, 21, '2026-11-21 11:08:09.274567+00', '1795259289.2295597', 'PCGIZZ7lHt8ZiA');
INSERT INTO raw.files VALUES ('53bb849ade7fb35c1dad8397ed16e7447cda681444ffe19f647cb3a88588086b', 5888, 'utf-8', false, 'lf', 'iracing_results_csv', 'results', ',', 'all', 4, NULL, 5, 25, '2026-11-21 11:08:09.293426+00', '1795259289.2295597', '83DToIGtDzp+SQ');






ALTER TABLE ONLY raw._dlt_pipeline_state
    ADD CONSTRAINT _dlt_pipeline_state__dlt_id_key UNIQUE (_dlt_id);



ALTER TABLE ONLY raw.file_blocks
    ADD CONSTRAINT file_blocks__dlt_id_key UNIQUE (_dlt_id);



ALTER TABLE ONLY raw.file_sightings
    ADD CONSTRAINT file_sightings__dlt_id_key UNIQUE (_dlt_id);



ALTER TABLE ONLY raw.files
    ADD CONSTRAINT files__dlt_id_key UNIQUE (_dlt_id);



CREATE INDEX file_blocks_file_id ON raw.file_blocks USING btree (file_id, block_number);




