{{ for_every_writer(
    'track_layouts',
    sim="split_part(own.layout_id, ':', 1)",
    key={'layout_id': "writers.sim || ':' || substr(own.layout_id, length(writers.format_sim) + 2)"},
    others=[
        'length_m',
        'start_line_left_lat_deg',
        'start_line_left_lon_deg',
        'start_line_right_lat_deg',
        'start_line_right_lon_deg',
    ],
) }}
