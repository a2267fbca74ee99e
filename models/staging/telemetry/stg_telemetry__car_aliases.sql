{{ for_every_writer(
    'car_aliases', sim='own.sim', key={'sim': 'writers.sim', 'car_name': 'own.car_name'}, others=['car_id']
) }}
