{{ for_every_writer(
    'track_corners',
    sim="split_part(own.layout_id, ':', 1)",
    key={'layout_id': "writers.sim || ':' || substr(own.layout_id, length(writers.format_sim) + 2)"},
    others=['corner_number', 'corner_name', 'direction', 'start_m', 'apex_m', 'end_m'],
) }}
