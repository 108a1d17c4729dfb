{#- No identity stands in two rows: the sync rejects both. Nulls are left to canonical_identity.
    Returns the identities and how many rows each has. -#}
{% test unique_identity(model, column_name) %}

select
    {{ activation._as_text(column_name) }} as identity_id,
    count(*) as row_count
from {{ model }}
where {{ column_name }} is not null
group by {{ activation._as_text(column_name) }}
having count(*) > 1

{% endtest %}
