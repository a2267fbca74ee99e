{{ for_every_writer(
    'track_aliases', sim='own.sim', key={'sim': 'writers.sim', 'track_name': 'own.track_name'}, others=['layout_id']
) }}
