select
    license_category_id,
    title
from marts.dim_license_categories
