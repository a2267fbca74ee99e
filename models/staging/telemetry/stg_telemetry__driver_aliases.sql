{{ for_every_writer(
    'driver_aliases', sim='own.sim', key={'sim': 'writers.sim', 'driver_name': 'own.driver_name'}, others=['driver_id']
) }}
